package main

import (
	"runtime/debug"
	"time"
)

func idle() { time.Sleep(time.Hour) }

func main() {
	debug.SetTraceback("all")
	for i := 0; i < 3; i++ {
		go idle()
	}
	time.Sleep(10 * time.Millisecond)
	panic("stop everything")
}
