package main

import (
	"errors"
	"log"
	"log/slog"
	"os"
)

func main() {
	slog.New(slog.NewJSONHandler(os.Stderr, nil)).Info("hello", "errors", 0)
	slog.New(slog.NewJSONHandler(os.Stderr, nil)).Error("cannot reach broker", "err", errors.New("dial tcp: refused"), "attempt", 3)
	slog.New(slog.NewTextHandler(os.Stderr, nil)).Error("text handler speaks", "err", errors.New("dial tcp: refused"))
	slog.New(slog.NewTextHandler(os.Stderr, nil)).Info("all good", "error", "")
	slog.Error("default handler speaks", "attempt", 4)
	log.Fatal("log.Fatal has no level")
}
