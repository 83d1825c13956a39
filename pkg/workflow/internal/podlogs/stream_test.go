package podlogs

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

func TestStreamOfContainer(t *testing.T) {
	const a, b, c = "2026-11-23T10:00:00.000000001Z a\n", "2026-11-23T10:00:05Z b\n", "2026-11-23T10:00:06Z c"
	const lost = "unable to retrieve container logs for containerd://1"
	refused := func(context.Context, query) (io.ReadCloser, error) { return nil, io.ErrUnexpectedEOF }
	for _, tc := range []struct {
		name    string
		answers []openAnswer
		reason  ending
		want    string
		limit   time.Duration // after the container's end
	}{
		{"whose stream ends with it", []openAnswer{says(t, true, false, a), says(t, false, true, a)}, containerEnded, "a", endGrace},
		{"that writes in its last moments", []openAnswer{says(t, true, false, a), says(t, false, true, a+b)}, containerEnded, "a b", endGrace},
		{"whose last line has no line feed", []openAnswer{
			says(t, true, false, a+b+c), says(t, false, true, b+c), says(t, false, true, b+c), // since 4 s
		}, containerEnded, "a b c", endGrace},
		// The new instance has a log of its own.
		{"that is restarted", []openAnswer{says(t, true, true, a), says(t, true, false, b), says(t, false, true, b)}, containerEnded, "a b", endGrace},
		{"that is unreachable for a while", []openAnswer{
			refused, refused, says(t, true, false, a), refused, says(t, false, true, a),
		}, containerEnded, "a", endGrace + time.Second},
		{"whose kubelet fails for a while", []openAnswer{
			says(t, true, true, a+"rpc error: code = Unavailable desc = closing"), says(t, true, true, lost),
			says(t, true, false, a+b), says(t, false, true, lost), says(t, false, true, a+b),
		}, containerEnded, "a b", endGrace + time.Second},
		{"whose log the kubelet has lost before its pod is deleted", []openAnswer{
			says(t, true, true, a+lost), says(t, true, false, a+b),
		}, podDeleted, "a b", deletedGrace},
		{"whose connection seemed to end within a line before its pod is deleted", []openAnswer{
			says(t, true, true, a+b[:len(b)-1]), says(t, true, false, a+strings.TrimSuffix(b, "\n")+"2\n"),
		}, podDeleted, "a b2", deletedGrace},
		{"whose pod is deleted", []openAnswer{says(t, true, false, a)}, podDeleted, "a", endGrace},
		{"that does not end in time", []openAnswer{says(t, true, false, a), says(t, false, true, a+b)}, abandoned, "a b", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const ends = time.Minute
				got, took := follow(t, answeredLog(t, tc.answers...), tc.reason, ends)
				if !slices.Equal(got, strings.Fields(tc.want)) {
					t.Errorf("%q, want %q", got, tc.want)
				}
				if took < ends || took > ends+tc.limit {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// A container has ended and its pod was deleted long before a slow consumer reads the rest. All of
// it is read, and if the connection breaks, the loss is detected.
func TestSlowConsumerOfDeletedPod(t *testing.T) {
	const lines = 1000
	var text strings.Builder
	for i := range lines {
		fmt.Fprintf(&text, "2026-11-23T10:%02d:%02dZ line-%04d\n", i/60, i%60, i)
	}
	for name, end := range map[string]func(ctx context.Context) io.Reader{
		"to its end": func(context.Context) io.Reader { return strings.NewReader("") },
		"broken off": func(context.Context) io.Reader { return iotest.ErrReader(io.ErrUnexpectedEOF) },
		"stalled":    func(ctx context.Context) io.Reader { return untilDone{ctx} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := answeredLog(t, func(ctx context.Context, _ query) (io.ReadCloser, error) {
					return io.NopCloser(io.MultiReader(lineByLine{ctx, strings.NewReader(text.String())}, end(ctx))), nil
				})
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				followed := newTestStream(l, cancel)
				pod := &followedPod{streams: []*stream{followed}}
				followed.start(ctx)
				time.AfterFunc(time.Second, pod.deleted)
				got := 0
				for over := false; !over; {
					select {
					case <-followed.coordinator.lines:
						got++
						time.Sleep(20 * time.Millisecond)
					case <-followed.coordinator.done:
						over = true
					}
				}
				if got != lines || l.missing == (name == "to its end") || ctx.Err() != nil {
					t.Errorf("%d lines of %d, missing %v, %v", got, lines, l.missing, context.Cause(ctx))
				}
			})
		})
	}
}
