package main

import "fmt"

type codeError struct{ code int }

func (e *codeError) Error() string { return fmt.Sprintf("code %d", e.code) }

func fail() { panic(&codeError{7}) }

func main() { fail() }
