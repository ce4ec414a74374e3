package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

func half(n int) int { return 100 / n }

func main() {
	if len(os.Args) > 1 {
		n, _ := strconv.Atoi(os.Args[1])
		half(n - 2)
		var m map[string]int
		m["x"] = n
		return
	}
	for n := 2; n < 4; n++ {
		c := exec.Command(os.Args[0], strconv.Itoa(n))
		c.Stderr = os.Stderr
		fmt.Fprintf(os.Stderr, "%s INFO child %d ended: %v\n", "2026-11-20T10:00:00Z", n, c.Run() != nil)
	}
}
