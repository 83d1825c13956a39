package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"sync"
)

// reply writes news, one to a line, for many goroutines.
type reply struct {
	mu sync.Mutex
	w  io.Writer
}

func (r *reply) send(n news) error {
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err = r.w.Write(append(text, '\n'))
	return err
}

func parseVersion(text string) (uint64, error) {
	version, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("a version that is no number: %w", err)
	}
	return version, nil
}
