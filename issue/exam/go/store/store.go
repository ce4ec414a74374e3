// Package store keeps orders in memory.
package store

import (
	"errors"
	"fmt"
)

// Set is an ordered list with a bound.
type Set[T comparable] struct{ items []T }

// Get returns the item at i, and panics past the end.
func (s *Set[T]) Get(i int) T { return s.items[i] }

// Fill puts items in.
func (s *Set[T]) Fill(items ...T) { s.items = append(s.items, items...) }

// ErrGone is returned for orders that were deleted.
var ErrGone = errors.New("order is gone")

// Find looks an order up.
func Find(id int) error { return fmt.Errorf("find order %d: %w", id, ErrGone) }
