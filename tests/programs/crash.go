package main

import (
	"errors"
	"fmt"
	"os"
	"time"
)

func load(number string) {
	panic(fmt.Errorf("row %s is gone: %w", number, errors.New("no such row")))
}

func main() {
	fmt.Println("working", os.Args[1])
	for i := 0; i < 3; i++ {
		go func() { time.Sleep(time.Hour) }()
	}
	// The others must stand in their sleep when the dump is made.
	time.Sleep(50 * time.Millisecond)
	load(os.Args[1])
}
