package main

import "os"

type name string
type pair struct{ a, b int }

func main() {
	switch os.Getenv("CASE") {
	case "string_type":
		panic(name("x"))
	case "struct":
		panic(pair{1, 2})
	case "int":
		panic(42)
	default:
		panic("plain text")
	}
}
