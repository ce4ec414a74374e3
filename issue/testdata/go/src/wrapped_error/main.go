package main

import (
	"errors"
	"fmt"
)

func open() error { return fmt.Errorf("open config: %w", errors.New("no such file\nor directory")) }

func main() {
	if err := open(); err != nil {
		panic(err)
	}
}
