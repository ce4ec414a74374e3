package main

import "example.org/shop/store"

func pick(s *store.Set[string], n int) string { return s.Get(n) }

func main() {
	s := &store.Set[string]{}
	s.Fill("a", "b", "c")
	println(pick(s, 5))
}
