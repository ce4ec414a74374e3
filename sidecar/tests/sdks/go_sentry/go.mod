module shop

go 1.22

require github.com/getsentry/sentry-go v0.50.0
