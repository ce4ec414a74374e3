package main

import "sync"

func work(items []int, i int) int { return items[i] }

func main() {
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		work([]int{1, 2, 3}, 5)
	}()
	wg.Wait()
}
