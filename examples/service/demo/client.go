package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// eventuallyWithin is long enough for each step, even on a busy machine.
const (
	eventuallyWithin = time.Minute
	lookEvery        = 100 * time.Millisecond
)

// eventually waits until look returns no error.
func eventually(ctx context.Context, what string, look func() error) error {
	ctx, cancel := context.WithTimeout(ctx, eventuallyWithin)
	defer cancel()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		err := look()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("timed out waiting until %s: %w", what, err)
		case <-ticker.C:
		}
	}
}

// answerError is an unsuccessful response.
type answerError struct {
	code int
	text string
}

func (e *answerError) Error() string { return fmt.Sprintf("%d: %s", e.code, e.text) }

func (st *stage) get(ctx context.Context, path string, into any) error {
	return st.request(ctx, http.MethodGet, path, nil, nil, into)
}

// request sends a request like a program, with body as JSON, and decodes the response.
func (st *stage) request(ctx context.Context, method, path string, header http.Header, body, into any) error {
	text := []byte{}
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, st.url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	answer, err := read(req)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(answer, into)
}

// scrape reads the metrics.
func (st *stage) scrape(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, st.metrics, http.NoBody)
	if err != nil {
		return "", err
	}
	text, err := read(req)
	return string(text), err
}

// read sends a request, and reads the response if it is successful.
func read(req *http.Request) ([]byte, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // the error doesn't matter
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return nil, &answerError{resp.StatusCode, string(answer)}
	}
	return answer, nil
}
