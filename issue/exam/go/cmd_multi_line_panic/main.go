package main

import (
	"errors"
	"strings"
)

func validate(fields map[string]string) {
	var all []error
	for _, k := range []string{"name", "zip"} {
		if strings.TrimSpace(fields[k]) == "" {
			all = append(all, errors.New(k+": must not be empty"))
		}
	}
	if err := errors.Join(all...); err != nil {
		panic(err)
	}
}

func main() { validate(map[string]string{}) }
