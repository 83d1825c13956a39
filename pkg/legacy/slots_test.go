package legacy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// take acquires slots in a goroutine each and returns the channel that counts them.
func take(ctx context.Context, p *slots, n int, stream bool) (granted chan error) {
	granted = make(chan error, n)
	for range n {
		go func() { granted <- p.acquire(ctx, stream) }()
	}
	return granted
}

func TestSlots(t *testing.T) {
	for n, want := range map[int][2]int{-1: {2, 1}, 0: {2, 1}, 1: {2, 1}, 2: {2, 1}, 3: {3, 2}, 4: {4, 3}, 64: {64, 48}} {
		if p := newSlots(n); p.all != want[0] || p.forStreams != want[1] {
			t.Errorf("%d: %d slots, %d of them for streams", n, p.all, p.forStreams)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		p := newSlots(8)
		streams := take(t.Context(), p, 20, true)
		synctest.Wait()
		if len(streams) != 6 {
			t.Fatalf("%d streams have a slot", len(streams))
		}
		commands := take(t.Context(), p, 20, false)
		synctest.Wait()
		if len(streams) != 6 || len(commands) != 2 {
			t.Fatalf("%d streams and %d commands have a slot", len(streams), len(commands))
		}
		p.release(true)
		synctest.Wait()
		if len(streams) != 7 || len(commands) != 2 {
			t.Errorf("the slot of a stream went to another one: %d streams, %d commands", len(streams), len(commands))
		}
		for range 18 {
			p.release(false)
			synctest.Wait()
		}
		if len(streams) != 7 || len(commands) != 20 {
			t.Errorf("%d streams and %d commands had a slot", len(streams), len(commands))
		}
		for len(streams) < 20 {
			p.release(true)
			synctest.Wait()
		}
		if p.taken != 8 || p.streams != 6 || len(p.queue) > 0 {
			t.Errorf("%+v", p)
		}
	})
}

// A command waits behind another command, not behind streams. No kind is overtaken forever.
func TestSlotsAreGrantedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSlots(2)
		var mu sync.Mutex
		var order []string
		begin := func(name string, stream bool) {
			go func() {
				if p.acquire(t.Context(), stream) != nil {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				order = append(order, name)
			}()
			synctest.Wait()
		}
		begin("command 1", false)
		begin("command 2", false)
		begin("stream 1", true)
		begin("stream 2", true)
		begin("command 3", false)
		p.release(false)
		synctest.Wait()
		p.release(false)
		synctest.Wait()
		if got := strings.Join(order, ", "); got != "command 1, command 2, stream 1, command 3" {
			t.Error(got)
		}
	})
}

func TestPlaceIsAwaitedForAsLongAsTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSlots(2)
		took := take(t.Context(), p, 2, false)
		synctest.Wait()
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("enough"))
		defer cancel()
		waits := take(ctx, p, 5, false)
		streams := take(ctx, p, 5, true)
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(took) != 2 || len(waits) != 5 || len(streams) != 5 || len(p.queue) > 0 {
			t.Fatalf("%d, %d, %d, %+v", len(took), len(waits), len(streams), p)
		}
		if err := <-waits; err == nil || err.Error() != "enough" {
			t.Error(err)
		}
		p.release(false)
		p.release(false)
		if p.taken != 0 || p.streams != 0 {
			t.Errorf("%+v", p)
		}
	})
}

// As many streams end as wait.
func TestStreamsYield(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSlots(8)
		take(t.Context(), p, 6, true)
		synctest.Wait()
		if p.yield() {
			t.Error("no stream waits")
		}
		take(t.Context(), p, 5, false)
		synctest.Wait()
		if p.yield() {
			t.Error("only commands wait")
		}
		take(t.Context(), p, 2, true)
		synctest.Wait()
		if one, two, three := p.yield(), p.yield(), p.yield(); !one || !two || three {
			t.Errorf("two streams wait; %t, %t, %t", one, two, three)
		}
		p.release(true)
		p.yielded()
		synctest.Wait()
		if p.yield() {
			t.Error("one stream waits, for which another one ends")
		}
	})
}

// shortStreams are streams that have to make room after a line.
type shortStreams struct{ CommandStreamer }

func (shortStreams) StreamCommand(context.Context, Command) (io.ReadCloser, error) {
	failed := &CommandError{Verb: "get", ReturnCode: -1, Err: errSlotNeeded}
	return io.NopCloser(io.MultiReader(strings.NewReader("line\n"), iotest.ErrReader(failed))), nil
}

// For a watch it looks like an API server that ends the watch, as it does every few minutes. A log
// is broken off: its end would mean that nothing follows.
func TestReadersOfAStreamThatMakesRoom(t *testing.T) {
	for query, want := range map[string]error{"workflows?watch=true": nil, "pods/p/log?follow=true": io.ErrUnexpectedEOF, "pods/p/log": io.ErrUnexpectedEOF} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://kubectl/api/v1/namespaces/ma/"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := (&transport{executor: shortStreams{}}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if string(text) != "line\n" || !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: %q, %v", query, text, err)
		}
	}
}
