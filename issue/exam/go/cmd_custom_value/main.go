package main

import "os"

type exitCode struct {
	code   int
	reason string
}

func quit(c exitCode) { panic(c) }

func main() {
	os.Stderr.WriteString("level=info msg=\"starting\" errors=0\n")
	func() {
		defer func() { os.Stderr.WriteString("level=info msg=\"deferred cleanup\"\n") }()
		quit(exitCode{3, "license"})
	}()
}
