package main

import (
	"errors"
	"fmt"
)

func inner() { panic(errors.New("first")) }

func outer() {
	defer func() {
		if r := recover(); r != nil {
			panic(fmt.Sprintf("second after %v", r))
		}
	}()
	inner()
}

func main() { outer() }
