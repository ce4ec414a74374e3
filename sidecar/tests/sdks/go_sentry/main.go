package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/getsentry/sentry-go"
)

type OrderError struct {
	order int
	cause error
}

func (e *OrderError) Error() string { return fmt.Sprintf("cannot handle order %d", e.order) }
func (e *OrderError) Unwrap() error { return e.cause }

func handle(order int) error {
	return &OrderError{order, errors.New("no stock")}
}

func crash(order int) {
	var prices map[int]int
	prices[order] = 1
}

func main() {
	err := sentry.Init(sentry.ClientOptions{Release: "shop@1.4", Environment: "staging", AttachStacktrace: true})
	if err != nil {
		panic(err)
	}
	sentry.ConfigureScope(func(scope *sentry.Scope) { scope.SetTag("tenant", "acme") })
	sentry.CaptureMessage("disk almost full")
	sentry.CaptureException(handle(17))
	defer sentry.Flush(10 * time.Second)
	defer sentry.Recover()
	crash(17)
}
