package main

type expr struct{ left *expr }

func (e *expr) eval(depth [64]int) int { return 1 + e.left.eval(depth) }

func main() {
	e := &expr{}
	e.left = e
	println(e.eval([64]int{}))
}
