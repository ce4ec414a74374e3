package main

import "sync"

func drain(in <-chan int, wg *sync.WaitGroup) {
	defer wg.Done()
	for range in {
	}
}

func main() {
	var wg sync.WaitGroup
	in := make(chan int)
	wg.Add(1)
	go drain(in, &wg)
	wg.Wait()
}
