package main

import "fmt"

type tx struct{}

func (tx) rollback(cause any) { panic(fmt.Sprintf("rollback after %v: connection lost", cause)) }

func work() {
	var t tx
	defer func() {
		if r := recover(); r != nil {
			t.rollback(r)
		}
	}()
	var rows []int
	_ = rows[len(rows)]
}

func main() { work() }
