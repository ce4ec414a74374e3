package main

import "errors"

type shape interface{ area() float64 }
type square struct{ side float64 }

func (s square) area() float64 { return s.side * s.side }

func widen(v any) *square { return v.(*square) }

func main() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = errors.New("never shown")
		widen(square{2}).area()
	}()
	<-done
}
