package workflow

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"
)

// busyServer answers each request as API priority and fairness does, and counts them.
type busyServer struct {
	retryAfter string
	sent       atomic.Int32
}

func (s *busyServer) RoundTrip(*http.Request) (*http.Response, error) {
	s.sent.Add(1)
	return &http.Response{
		StatusCode: http.StatusTooManyRequests,
		Header:     http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "Retry-After": {s.retryAfter}},
		Body:       io.NopCloser(strings.NewReader("Too many requests, please try again later.\n")),
	}, nil
}

// The server's Retry-After is the minimum of each delay, RetryFor limits all of them together, and
// the observer receives each.
func TestRetryAfter(t *testing.T) {
	for op := range operations(t) {
		t.Run(string(op), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const retryFor, waits = 10 * time.Second, time.Minute
				s, r := &busyServer{retryAfter: "3"}, &recorder{}
				c, err := NewForConfig(&rest.Config{Host: "http://script", Transport: s}, Options{Observer: r, RetryFor: retryFor})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), waits)
				defer cancel()
				began := time.Now()
				err = operations(t)[op](ctx, c)
				took, retries := time.Since(began), noted[Retrying](r)

				unsent := int(s.sent.Load()) - 1 - len(retries)
				switch {
				case op == OpWait || op == OpWatch: // no time limit but that of their context, which can end in a delay
					if !errors.Is(err, context.DeadlineExceeded) || took != waits || unsent != 0 && unsent != -1 || len(retries) < 10 {
						t.Errorf("%v after %v, %d requests and %d events", err, took, s.sent.Load(), len(retries))
					}
				case !errors.Is(err, ErrUnavailable) || took > retryFor || unsent != 0 || op != OpCreate && len(retries) < 2:
					t.Errorf("%v after %v, %d requests and %d events", err, took, s.sent.Load(), len(retries))
				}
				for _, e := range retries {
					if e.After < 3*time.Second || e.After > retryFor {
						t.Errorf("the next attempt is after %v: %v", e.After, e.Err)
					}
				}
			})
		})
	}
}

// A server that asks for more time than there is left is not asked again.
func TestRetryAfterBeyondRetryFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &busyServer{retryAfter: "60"}
		c, err := NewForConfig(&rest.Config{Host: "http://script", Transport: s}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := c.Get(t.Context(), "w"); !errors.Is(err, ErrUnavailable) || s.sent.Load() != 1 || time.Since(began) > time.Second {
			t.Errorf("%v after %v and %d requests", err, time.Since(began), s.sent.Load())
		}
	})
}
