package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// What misses one of the limits is said to.
func TestTable(t *testing.T) {
	ok := measured{Sent: 100, Plain: 1 << 20, Peak: 19 << 20, Time: time.Second, End: 100 * time.Millisecond}
	for name, tc := range map[string]struct {
		change func(*measured)
		want   string
	}{
		"within":        {func(*measured) {}, "| in | 100 B | 1024 KiB | op | done | 19 MiB | 19 MiB | 1000 ms | 100 ms | ok |"},
		"memory":        {func(m *measured) { m.Peak++ }, "| in | 100 B | 1024 KiB | op | done | 19 MiB | 19 MiB | 1000 ms | 100 ms | **missed** |"},
		"the end":       {func(m *measured) { m.End++ }, "| in | 100 B | 1024 KiB | op | done | 19 MiB | 19 MiB | 1000 ms | 100 ms | **missed** |"},
		"a long text":   {func(m *measured) { m.Text, m.Refused = 17<<10, true }, "| in | 100 B | 1024 KiB | op | refused, in 17 KiB | 19 MiB | 19 MiB | 1000 ms | 100 ms | **missed** |"},
		"a text":        {func(m *measured) { m.Text = 96 << 10 }, "| in | 100 B | 1024 KiB | op | done, in 96 KiB | 19 MiB | 19 MiB | 1000 ms | 100 ms | ok |"},
		"a short while": {func(m *measured) { m.Time = 1500 * time.Microsecond }, "| in | 100 B | 1024 KiB | op | done | 19 MiB | 19 MiB | 1.5 ms | 100 ms | ok |"},
	} {
		m := ok
		tc.change(&m)
		var text bytes.Buffer
		writeTable(&text, []row{{hostileCase{input: "in", operation: "op"}, m}})
		if lines := strings.Split(text.String(), "\n"); len(lines) != 4 || lines[2] != tc.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, text.String(), tc.want)
		}
	}
}

// An operation that keeps much, or does not end with its context, is found to.
func TestMeasure(t *testing.T) {
	const much = 64 << 20
	var kept []byte
	prepared := func(do func(context.Context) (string, error)) func() (attack, error) {
		return func() (attack, error) { return attack{do: do}, nil }
	}
	keeps := hostileCase{prepare: prepared(func(context.Context) (string, error) {
		kept = make([]byte, much)
		return "", nil
	})}
	m, err := keeps.measure(t.Context())
	if err != nil || m.Peak < much || len(kept) != much {
		t.Errorf("%v, %+v", err, m)
	}
	deaf := attack{do: func(ctx context.Context) (string, error) {
		<-ctx.Done()
		time.Sleep(50 * time.Millisecond)
		return "", context.Cause(ctx)
	}}
	if end, err := deaf.endsWithin(t.Context(), time.Millisecond, false); err != nil || end < 50*time.Millisecond {
		t.Errorf("%v, it ended after %v", err, end)
	}
	refuses := hostileCase{prepare: prepared(func(context.Context) (string, error) { return "", errors.New("no") })}
	if _, err := refuses.measure(t.Context()); err == nil {
		t.Error("what is refused counts as done")
	}
	refuses.refused = true
	if m, err := refuses.measure(t.Context()); err != nil || !m.Refused || m.Text != len("no") {
		t.Errorf("%v, %+v", err, m)
	}
}

// The inputs unpack to what they say.
func TestInputsAreWhatTheySay(t *testing.T) {
	for _, nodes := range []func(status.NodePhase) packedText{
		junkNodes(false), junkNodes(true), messageNodes, manyNodes(smallNode), manyNodes(longNamed), manyGates,
	} {
		for _, phase := range []status.NodePhase{status.NodeRunning, status.NodeFailed} {
			packed := nodes(phase)
			c, err := newClient(packedStatus(phase, packed))
			if err != nil {
				t.Fatal(err)
			}
			s, err := c.Get(t.Context(), "w")
			if err != nil || s.NodesErr != nil || len(s.Nodes) < 2 {
				t.Errorf("%v, %v", err, s)
			}
			if packed.plain < 59<<20 || len(packed.gzip) > 3<<20 {
				t.Errorf("%d bytes unpack to %d", len(packed.gzip), packed.plain)
			}
		}
	}
}
