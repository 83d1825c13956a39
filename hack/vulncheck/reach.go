package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// unreachableError tells that nobody can say anything about vulnerabilities from here.
type unreachableError struct {
	database string
	err      error
}

func (e *unreachableError) Error() string {
	return fmt.Sprintf("the database %s can't be reached: %v", e.database, e.err)
}

func (e *unreachableError) Unwrap() error { return e.err }

// reach asks a database when it was changed, the smallest thing to ask for. An [*unreachableError]: there
// is no way to it, or what is on the way doesn't let through. Another error: there is something else than
// a database.
func reach(ctx context.Context, database string, patience time.Duration) error {
	if !strings.HasPrefix(database, "http://") && !strings.HasPrefix(database, "https://") {
		return nil // a folder, or a mistake: govulncheck tells
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(asking, http.MethodGet, strings.TrimRight(database, "/")+"/index/db.json.gz", http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return &unreachableError{database, err}
	}
	defer func() { _ = response.Body.Close() }()
	switch status := response.StatusCode; {
	case status == http.StatusOK:
	case status == http.StatusForbidden, status == http.StatusProxyAuthRequired, status == http.StatusTooManyRequests, status >= 500:
		return &unreachableError{database, fmt.Errorf("the answer is %q", response.Status)}
	default:
		return fmt.Errorf("%s answers %q, and not with the date of a database", database, response.Status)
	}
	unpacked, err := gzip.NewReader(response.Body)
	if err != nil {
		return fmt.Errorf("%s answers with something else than a database: %w", database, err)
	}
	var date struct{ Modified time.Time }
	if err := json.NewDecoder(unpacked).Decode(&date); err != nil {
		return fmt.Errorf("%s answers with something else than a database: %w", database, err)
	}
	if date.Modified.IsZero() {
		return fmt.Errorf("%s answers with something else than a database: it has no date", database)
	}
	return nil
}
