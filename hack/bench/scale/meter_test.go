package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// event is one as the API server writes it.
func event(index int, version string) string {
	return fmt.Sprintf(`{"type":"MODIFIED","object":{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{`+
		`"labels":{"session":"s-1"},"managedFields":[{"fieldsV1":{"f:metadata":{"f:name":{}}},"manager":"scale"}],`+
		`"name":%q,"namespace":"ma","resourceVersion":%q,"uid":"1"},"spec":{"x":[{"name":"bulk-load-99999"}]},`+
		`"status":{"padding":%q}}}`+"\n", nameOf(index), version, strings.Repeat("x", 10_000))
}

func TestArrivals(t *testing.T) {
	for _, tt := range []struct {
		text    string
		index   int
		version string
		found   bool
	}{
		{event(42, "7"), 42, "7", true},
		{event(42, "7"), 42, "6", false},
		{event(100, "7"), 100, "7", false}, // there are fewer workflows
		// Metadata alone comes in another order.
		{`{"metadata":{"name":"bulk-load-00001","namespace":"ma","uid":"1","resourceVersion":"8","generation":1}}`, 1, "8", true},
		{`{"type":"BOOKMARK","object":{"kind":"Workflow","metadata":{"resourceVersion":"9"}}}`, 0, "9", false},
		{`{"metadata":{"name":"bulk-load-00001"},"spec":{"resourceVersion":"9"}}`, 1, "9", false},
		{`{"metadata":{"name":"bulk-load-1","resourceVersion":"1"}}`, 1, "1", false},
	} {
		m := newMeter(100)
		m.arrived([]byte(tt.text))
		if at := m.arrival(tt.index, tt.version); (at != 0) != tt.found {
			t.Errorf("%.80s: arrived at %d", tt.text, at)
		}
	}
}

// The client reads only at the end, but events arrive when their last byte does.
func TestPumpRecordsArrivalsAndPassesEverythingOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := []string{event(3, "17"), event(4, "18"), event(3, "19")}
		text := strings.Join(events, "") + strings.TrimSuffix(event(5, "20"), "\n") // which is cut
		body, server := io.Pipe()
		go func() { // a thousand bytes a second
			for piece := range slices.Chunk([]byte(text), 1000) {
				time.Sleep(time.Second)
				_, _ = server.Write(piece)
			}
			_ = server.CloseWithError(io.ErrUnexpectedEOF)
		}()
		begun, m := nanos(), newMeter(10)
		p := newPump(body, m)
		time.Sleep(time.Hour)
		got, err := io.ReadAll(p)
		if string(got) != text || err != io.ErrUnexpectedEOF { //nolint:errorlint // it has to be that error itself
			t.Errorf("got %d bytes of %d, %v", len(got), len(text), err)
		}
		if m.arrival(3, "17") != 0 || m.arrival(5, "20") != 0 {
			t.Error("an older version is still there, or one that is not complete")
		}
		for version, index := range map[string]int{"18": 4, "19": 3} {
			complete := len(events[0]) * (index%2 + 2) // after two events or three, all as long
			want := time.Duration((complete+999)/1000) * time.Second
			if at := time.Duration(m.arrival(index, version) - begun); at != want {
				t.Errorf("version %s arrived after %s, want %s", version, at, want)
			}
		}
		if m.watches.Load() != 1 || m.mostOpen.Load() != 1 || m.late.Load() != 0 {
			t.Errorf("%d watches, %d at most, late %d times", m.watches.Load(), m.mostOpen.Load(), m.late.Load())
		}
		if err := p.Close(); err != nil || p.Close() != nil || m.watches.Load() != 0 {
			t.Errorf("%v, %d watches", err, m.watches.Load())
		}
	})
}

// A client that reads late gets everything; one that stops reading leaves no goroutine behind.
func TestPumpIsBounded(t *testing.T) {
	for _, closed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m := newMeter(1)
			text := bytes.Repeat([]byte("{}\n"), mostWaiting+10)
			p := newPump(io.NopCloser(bytes.NewReader(text)), m)
			synctest.Wait()
			if m.late.Load() != 1 || len(p.events) != mostWaiting {
				t.Errorf("holds %d events, was late %d times", len(p.events), m.late.Load())
			}
			if closed {
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			} else if got, err := io.ReadAll(p); err != nil || !bytes.Equal(got, text) {
				t.Errorf("got %d bytes of %d, %v", len(got), len(text), err)
			}
		})
	}
}

// Each call of Usage counts from the last one; what was highest is that of the whole time.
func TestUsageCountsFromTheLastCall(t *testing.T) {
	m := newMeter(1)
	m.mostHeap = 9
	for range 2 {
		m.bytes.Add(7)
		var used Usage
		if err := m.Usage(0, &used); err != nil || used.Bytes != 7 || used.MostHeap != 9 {
			t.Errorf("%v, %+v", err, used)
		}
	}
}

func TestUsageSince(t *testing.T) {
	before := Usage{At: 1e9, CPU: 10, Bytes: 101, Requests: 5, MostOpen: 1}
	after := Usage{At: 3e9, CPU: 30, Bytes: 601, Requests: 9, Failed: 2, Dialled: 3, Late: 1, MostOpen: 2}
	got := after.since(before)
	if got != (Usage{At: 2e9, CPU: 20, Bytes: 500, Requests: 4, Failed: 2, Dialled: 3, Late: 1, MostOpen: 2}) || got.perSecond(got.Bytes) != 250 {
		t.Errorf("%+v", got)
	}
}
