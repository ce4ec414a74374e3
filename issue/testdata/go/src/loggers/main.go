package main

import (
	"errors"
	"os"

	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"go.uber.org/zap"
)

func work(z *zap.Logger) { z.Error("zap failed", zap.Error(errors.New("connection refused"))) }

func main() {
	production, _ := zap.NewProduction()
	production.Info("zap hello")
	work(production)
	development, _ := zap.NewDevelopment()
	development.Info("zap console hello")
	work(development)
	z := zerolog.New(os.Stderr).With().Timestamp().Logger()
	z.Info().Msg("zerolog hello")
	z.Error().Err(errors.New("disk full")).Str("path", "/data").Msg("zerolog failed")
	c := zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, NoColor: false, TimeFormat: "2006-01-02T15:04:05Z"}).With().Timestamp().Logger()
	c.Error().Err(errors.New("disk full")).Msg("zerolog console failed")
	logrus.SetOutput(os.Stderr)
	logrus.Info("logrus hello")
	logrus.WithField("order", 7).Error("logrus failed")
	logrus.SetFormatter(&logrus.JSONFormatter{})
	logrus.WithError(errors.New("disk full")).Error("logrus json failed")
	defer func() { recover() }()
	logrus.Panic("logrus panics")
}
