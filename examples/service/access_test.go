package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/examples/service/internal/api"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// checked is a backfill whose Create returns err.
type checked struct {
	backfill.Backfill
	err   error
	takes time.Duration
	asked int
}

func (c *checked) Create(ctx context.Context) error {
	c.asked++
	select {
	case <-time.After(c.takes):
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestAccess(t *testing.T) {
	for err, grave := range map[error]bool{
		nil:                          false,
		workflow.ErrTemplateNotFound: false,
		workflow.ErrInvalid:          false,
		workflow.ErrConflict:         false,
		&workflow.PermissionError{}:  true,
		workflow.ErrForbidden:        true,
		workflow.ErrUnauthorized:     true,
		workflow.ErrUnavailable:      true,
		workflow.ErrNotInstalled:     true,
	} {
		synctest.Test(t, func(t *testing.T) {
			book := &logBook{}
			one, two := &checked{}, &checked{}
			if err != nil {
				two.err = fmt.Errorf("backfill: %w", err)
			}
			a := newAccess(checksOf([]api.Backfill{{Backfill: one, Session: "a"}, {Backfill: two, Session: "b"}}, nil), slog.New(slog.NewJSONHandler(book, nil)))
			expect := func(asked int) {
				t.Helper()
				if got := a.check(t.Context()); (got != nil) != grave || grave && !errors.Is(got, two.err) || two.asked != asked {
					t.Errorf("%v: %v, asked %d times", err, got, two.asked)
				}
			}
			expect(1)
			expect(1)
			time.Sleep(doubted + time.Second)
			if grave {
				expect(2)
			} else {
				expect(1)
				time.Sleep(believed)
				expect(2)
			}
			if n := strings.Count(book.text.String(), "something is missing"); (n == 1) != (err != nil) {
				t.Errorf("%v: logged %d times", err, n)
			}
		})
	}
}

// within checks like a probe with that timeout.
func within(t *testing.T, a *access, patience time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return a.check(ctx)
}

func TestSlowChecksContinueWhenProbesLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &logBook{}
		fast, slow := &checked{}, &checked{takes: 6 * time.Second}
		a := newAccess([]check{{"the fast", fast.Create}, {"the slow", slow.Create}}, slog.New(slog.NewJSONHandler(book, nil)))
		for range 5 { // each waits for its own timeout only
			began := time.Now()
			err := within(t, a, time.Second)
			if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != time.Second ||
				!strings.Contains(err.Error(), "for the slow:") {
				t.Errorf("%v after %s", err, took)
			}
		}
		if err := within(t, a, 2*time.Second); err != nil || slow.asked != 1 {
			t.Errorf("%v, asked %d times", err, slow.asked)
		}
		if n := strings.Count(book.text.String(), `"msg":"checks are slow","of":"the slow"`); n != 1 {
			t.Errorf("logged %d times: %s", n, &book.text)
		}
	})
}

func TestChecksThatDoNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &logBook{}
		c := &checked{takes: time.Hour}
		a := newAccess([]check{{"it", c.Create}}, slog.New(slog.NewJSONHandler(book, nil)))
		began := time.Now()
		err := a.check(t.Context())
		if took := time.Since(began); took != checkWithin || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "for it ") {
			t.Errorf("%v after %s", err, took)
		}
		if !strings.Contains(book.text.String(), "something is missing") {
			t.Error(&book.text)
		}
		time.Sleep(doubted)
		c.takes = 0
		if err := a.check(t.Context()); err != nil {
			t.Error("it is asked again, and not believed for long:", err)
		}
	})
}

func TestChecksEndWithTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &logBook{}
		c := &checked{takes: time.Hour}
		a := newAccess([]check{{"it", c.Create}}, slog.New(slog.NewJSONHandler(book, nil)))
		a.end() // nothing is running
		began := time.Now()
		a.begin(t.Context())
		a.end()
		if took := time.Since(began); took != 0 || strings.Contains(book.text.String(), "missing") {
			t.Errorf("after %s: %s", took, &book.text)
		}
	})
}

// All checks run concurrently, and client-go's own limit of 5 requests a second doesn't apply.
func TestReadyWithManyBackfills(t *testing.T) {
	var configs []string
	for i := range 10 {
		configs = append(configs, changed(t, "session_name: demo", fmt.Sprint("session_name: demo-", i)))
	}
	app := built(t, emptyCluster{}, &logBook{}, configs...)
	if code, text := asked(t, app.api.Handler(), "/readyz"); code != http.StatusOK {
		t.Error(code, text)
	}
}

func TestLogsAreChecked(t *testing.T) {
	for forbidden, reason := range map[string]string{"": "", `"subresource":"log"`: "Forbidden"} {
		log := &logBook{}
		app := built(t, emptyCluster{forbidden}, log, exampleConfig)
		err := app.access.check(t.Context())
		if workflow.Reason(err) != reason {
			t.Fatal(err)
		}
		code, text := asked(t, app.api.Handler(), "/readyz")
		if ready := code == http.StatusOK; ready != (reason == "") {
			t.Error(code, text)
		}
		if reason == "" {
			continue
		}
		if !strings.Contains(text, "get pods/log, for logs") {
			t.Error(text)
		}
		if of := log.find(t, "something is missing", "of"); of != "logs in namespace migrations" {
			t.Error(of)
		}
	}
}
