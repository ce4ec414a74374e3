package main

func main() {
	m := map[int]int{}
	for g := 0; g < 8; g++ {
		go func() {
			for i := 0; ; i++ {
				m[i%10] = i
			}
		}()
	}
	select {}
}
