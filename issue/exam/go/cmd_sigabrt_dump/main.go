package main

import (
	"os"
	"syscall"
	"time"
)

func waitForever(c chan int) { <-c }

func main() {
	go waitForever(make(chan int))
	time.Sleep(50 * time.Millisecond)
	syscall.Kill(os.Getpid(), syscall.SIGQUIT)
	time.Sleep(time.Second)
}
