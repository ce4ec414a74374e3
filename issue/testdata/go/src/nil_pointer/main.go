package main

type node struct{ next *node; value int }

func last(n *node) int { return n.next.value }

func main() { println(last(&node{})) }
