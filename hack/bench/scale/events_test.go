package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// event is one as the API server writes it.
func event(index int, version uint64) string {
	return fmt.Sprintf(`{"type":"MODIFIED","object":{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{`+
		`"labels":{"session":"s-1"},"managedFields":[{"fieldsV1":{"f:metadata":{"f:name":{}}},"manager":"scale"}],`+
		`"name":%q,"namespace":"ma","resourceVersion":"%d","uid":"1"},"spec":{"x":[{"name":"bulk-load-99999"}]},`+
		`"status":{"padding":%q}}}`+"\n", nameOf(index), version, strings.Repeat("x", 2*mostHead))
}

func TestEventsAreStampedWhenComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStamps(10, newClock())
		r := eventReader{stamps: s}
		text := event(3, 17) + event(4, 18) + event(3, 19)
		for at := 0; at < len(text); at += 100 { // in pieces, one each second
			time.Sleep(time.Second)
			r.read([]byte(text[at:min(at+100, len(text))]))
		}
		if s.of(3, 17) != 0 {
			t.Error("an older version is still there")
		}
		if s.of(3, 18) != 0 || s.of(5, 18) != 0 || s.of(100, 1) != 0 {
			t.Error("found what didn't come")
		}
		first, second := s.of(4, 18), s.of(3, 19)
		if first == 0 || second == 0 {
			t.Fatalf("stamps %d and %d", first, second)
		}
		length := len(event(3, 19)) // of each
		pieces := (3*length+99)/100 - (2*length+99)/100
		if got, want := time.Duration(second-first), time.Duration(pieces)*time.Second; got != want {
			t.Errorf("%s between the last pieces, want %s", got, want)
		}
	})
}

func TestIdentify(t *testing.T) {
	for _, tt := range []struct {
		text    string
		index   int
		version uint64
		ok      bool
	}{
		{event(42, 7), 42, 7, true},
		{`{"type":"BOOKMARK","object":{"kind":"Workflow","metadata":{"resourceVersion":"9"}}}`, 0, 0, false},
		{`{"metadata":{"name":"bulk-load-00001"}}`, 1, 0, false},
		{`{"metadata":{"name":"bulk-load-00001","resourceVersion":"x"}}`, 1, 0, false},
		{`{"metadata":{"name":"bulk-load-1","resourceVersion":"1"}}`, 0, 0, false},
		{`{"metadata":{"name":"bulk-load-00001`, 0, 0, false},
		{"", 0, 0, false},
	} {
		index, version, ok := identify([]byte(tt.text))
		if index != tt.index || version != tt.version || ok != tt.ok {
			t.Errorf("%.80s: %d, %d, %t", tt.text, index, version, ok)
		}
	}
}

// What a slow reader leaves must not hold up the pump, and nothing may be lost or changed.
func TestPipePassesEverythingOn(t *testing.T) {
	p := newPipe()
	want := bytes.Repeat([]byte("0123456789abcdef"), mostHeld/16)
	for at := 0; at < len(want); at += 1 << 10 {
		if p.put(want[at : at+1<<10]) {
			t.Fatal("had to wait")
		}
	}
	p.end(io.EOF)
	p.end(io.ErrUnexpectedEOF) // comes too late
	var got []byte
	buf := make([]byte, 1000)
	for {
		n, err := p.take(buf)
		got = append(got, buf[:n]...)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			break
		}
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, want %d", len(got), len(want))
	}
	if cap(p.held) > mostKept {
		t.Errorf("keeps %d bytes", cap(p.held))
	}
}

func TestPipeIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipe()
		p.put(make([]byte, mostHeld+1))
		waited := make(chan bool)
		go func() { waited <- p.put([]byte("more")) }()
		synctest.Wait()
		select {
		case <-waited:
			t.Fatal("took more than it may hold")
		default:
		}
		if _, err := p.take(make([]byte, mostHeld+1)); err != nil {
			t.Fatal(err)
		}
		if !<-waited {
			t.Error("didn't say that it waited")
		}
	})
}
