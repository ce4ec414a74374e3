package main

import (
	"fmt"
	"os"
)

type bus struct{ out chan string }

func (b *bus) publish(topic string, body ...any) {
	b.out <- topic + fmt.Sprint(body...)
}

func main() {
	b := &bus{out: make(chan string, 4)}
	fmt.Fprintln(os.Stderr, "bus: 1 subscriber")
	b.publish("ready")
	close(b.out)
	for _, t := range []string{"late"} {
		b.publish(t, "größe", 7)
	}
}
