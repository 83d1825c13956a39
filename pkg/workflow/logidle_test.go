package workflow

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// A connection that has stalled neither brings a log nor its end.
func TestStalledLog(t *testing.T) {
	const one = "2026-11-23T10:00:00Z one\n"
	stalled := func(ctx context.Context, _ logQuery) (io.ReadCloser, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	stalls := func(text string) logAnswer {
		return func(ctx context.Context, _ logQuery) (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader(text), untilDone{ctx})), nil
		}
	}
	for _, tc := range []struct {
		name    string
		answers []logAnswer
		want    []string
		kind    error
	}{
		{"before its beginning", []logAnswer{stalled}, nil, ErrUnavailable},
		{"after a line", []logAnswer{stalls(one), stalls(one)}, []string{"one"}, ErrUnavailable},
		{"for a while", []logAnswer{stalls(one), says(t, false, true, one+"2026-11-23T10:00:00Z two\n")}, []string{"one", "two"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				got, err := collect(followedSource(t, tc.answers...))
				if err != nil {
					err = newError(OpLogs, "ns", "w", err)
				}
				for _, kind := range append(sentinels(), context.Canceled) {
					if errors.Is(err, kind) != errors.Is(tc.kind, kind) {
						t.Errorf("%v: is %v", err, kind)
					}
				}
				if took := time.Since(began); !slices.Equal(got, tc.want) || took > 2*silentFor+time.Second {
					t.Errorf("%q after %v, want %q", got, took, tc.want)
				}
			})
		})
	}
}

// A consumer that takes its time is no reason to break off.
func TestSlowConsumerOfLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &keptLog{lines: regular(), end: "\n"}
		s := k.source()
		s.open = func(ctx context.Context, query logQuery) (io.ReadCloser, error) {
			body, err := k.open(ctx, query)
			return io.NopCloser(lineByLine{ctx, body}), err
		}
		var got []string
		err := s.past(t.Context(), true, func(line LogLine) error {
			time.Sleep(10 * silentFor)
			got = append(got, line.Text)
			return nil
		})
		if err != nil || !slices.Equal(got, k.texts()) || len(k.queries) != 1 {
			t.Errorf("%q, %v, after %d requests", got, err, len(k.queries))
		}
	})
}

// lineByLine is a connection that ends with its request, and brings little at a time.
type lineByLine struct {
	ctx  context.Context //nolint:containedctx // stands in for a connection
	text io.Reader
}

func (l lineByLine) Read(p []byte) (int, error) {
	if err := l.ctx.Err(); err != nil {
		return 0, err
	}
	return l.text.Read(p[:min(len(p), 40)])
}

// The last read of a container that is followed cannot hold up the end for ever.
func TestStalledEndOfFollowedLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		s := (&keptLog{}).source()
		s.open = func(ctx context.Context, _ logQuery) (io.ReadCloser, error) {
			return io.NopCloser(untilDone{ctx}), nil
		}
		live, end := context.WithCancel(ctx)
		f := newLogFollower(nil, &status.WorkflowStatus{}, nil, cancel)
		stream := &logStream{source: s, cancel: end}
		const ends = time.Hour
		time.AfterFunc(ends, stream.end)
		began := time.Now()
		f.stream(ctx, live, stream, false)
		if took := time.Since(began); !errors.Is(context.Cause(ctx), ErrUnavailable) || took < ends || took > ends+endGrace+silentFor+time.Second {
			t.Errorf("%v after %v", context.Cause(ctx), took)
		}
	})
}
