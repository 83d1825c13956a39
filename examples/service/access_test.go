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

// checked is a backfill that can be started, but for err.
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

func TestAccessThatCanNotBeSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &checked{takes: time.Minute}
		a := newAccess([]check{{"it", c.Create}}, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := a.check(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		c.takes = 0
		if err := a.check(t.Context()); err != nil {
			t.Error("what was cut off is kept:", err)
		}
	})
}

func TestLogsArePartOfWhatIsChecked(t *testing.T) {
	for forbidden, reason := range map[string]string{"": "", `"subresource":"log"`: "Forbidden"} {
		log := &logBook{}
		app := built(t, emptyCluster{forbidden}, log)
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
