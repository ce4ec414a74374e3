package main

import "sync"

type counter struct{ hits map[int]int }

func (c *counter) hit(n int) { c.hits[n%7]++ }

func main() {
	c := counter{hits: map[int]int{}}
	var wg sync.WaitGroup
	for i := 0; i < 8; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := 0; n < 1000000; n++ {
				c.hit(n)
			}
		}()
	}
	wg.Wait()
}
