package main

type store struct{ items map[string]int }

func (s *store) put(key string) { s.items[key] = 1 }

func main() {
	(&store{}).put("a")
}
