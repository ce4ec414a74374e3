package main

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
)

func main() {
	l := slog.New(slog.NewJSONHandler(os.Stderr, nil)).With("service", "mail")
	l.Info("error handler ready", "errors", 0)
	_, err := os.ReadFile("/nonexistent/mail.toml")
	l.Error("cannot read config", "error", err, "is_missing", errors.Is(err, fs.ErrNotExist))
	l.Warn("using defaults")
}
