package main

import (
	"fmt"
	"log"
	"os"

	"example.org/shop/store"
)

func must(err error) {
	if err != nil {
		panic(fmt.Errorf("startup: %w", err))
	}
}

func main() {
	l := log.New(os.Stderr, "shop: ", log.LstdFlags)
	l.Println("no errors, panic button installed")
	must(store.Find(12))
}
