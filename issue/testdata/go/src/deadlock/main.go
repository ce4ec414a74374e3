package main

func wait(c chan int) { <-c }

func main() { wait(make(chan int)) }
