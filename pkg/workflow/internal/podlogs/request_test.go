package podlogs

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A stalled connection delivers neither a log nor its end.
func TestStalledLog(t *testing.T) {
	const one = "2026-11-23T10:00:00Z one\n"
	stalled := func(ctx context.Context, _ query) (io.ReadCloser, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	stalls := func(text string) openAnswer {
		return func(ctx context.Context, _ query) (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader(text), untilDone{ctx})), nil
		}
	}
	for _, tc := range []struct {
		name        string
		answers     []openAnswer
		want        []string
		unavailable bool
	}{
		{"before its beginning", []openAnswer{stalled}, nil, true},
		{"after a line", []openAnswer{stalls(one), stalls(one)}, []string{"one"}, true},
		{"for a while", []openAnswer{stalls(one), says(t, false, true, one+"2026-11-23T10:00:00Z two\n")}, []string{"one", "two"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				got, err := readAll(answeredLog(t, tc.answers...))
				if isUnavailable(err) != tc.unavailable || err != nil != tc.unavailable || errors.Is(err, context.Canceled) {
					t.Errorf("%v", err)
				}
				if took := time.Since(began); !slices.Equal(got, tc.want) || took > 2*silenceTimeout+time.Second {
					t.Errorf("%q after %v, want %q", got, took, tc.want)
				}
			})
		})
	}
}

func isUnavailable(err error) bool {
	var unavailable *UnavailableError
	return errors.As(err, &unavailable)
}

// A slow consumer does not end the request.
func TestSlowConsumerOfLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &keptLog{lines: regular(), end: "\n"}
		l := k.log()
		l.open = func(ctx context.Context, q query) (io.ReadCloser, error) {
			body, err := k.open(ctx, q)
			return io.NopCloser(lineByLine{ctx, body}), err
		}
		var got []string
		err := l.readWritten(t.Context(), readFinal, func(line Line) error {
			time.Sleep(10 * silenceTimeout)
			got = append(got, line.Text)
			return nil
		})
		if err != nil || !slices.Equal(got, k.texts()) || len(k.queries) != 1 {
			t.Errorf("%q, %v, after %d requests", got, err, len(k.queries))
		}
	})
}

// lineByLine is a connection that delivers little at a time and ends with its request.
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

// The last request for a log that is followed cannot delay the end forever.
func TestStalledEndOfFollowedLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		l := (&keptLog{}).log()
		l.open = func(ctx context.Context, _ query) (io.ReadCloser, error) {
			return io.NopCloser(untilDone{ctx}), nil
		}
		stream := newTestStream(l, cancel)
		const ends = time.Hour
		began := time.Now()
		stream.start(ctx)
		time.AfterFunc(ends, func() { stream.finish(containerEnded) })
		<-ctx.Done()
		took := time.Since(began)
		if err := context.Cause(ctx); !isUnavailable(err) || took < ends || took > ends+endGrace+silenceTimeout+time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}
