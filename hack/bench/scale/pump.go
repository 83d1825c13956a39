package main

import (
	"bufio"
	"io"
	"sync"
)

// mostWaiting is how many events a pump holds before it stops reading: seconds of changes. It is
// reached only if a client reads everything there is.
const mostWaiting = 512

// pump is the body of a watch. It reads what the server sends as soon as it comes, records when
// each event is complete, and keeps it until the client takes it. So the time that a client takes
// counts from when the event was there, and not from when the client came to read it.
type pump struct {
	body   io.ReadCloser
	meter  *meter
	events chan []byte // one to a line
	err    error       // why there are no more; set before events is closed
	rest   []byte      // of the event that the client is reading
	closed chan struct{}
	once   sync.Once
}

func newPump(body io.ReadCloser, m *meter) *pump {
	m.opened()
	p := &pump{body: body, meter: m, events: make(chan []byte, mostWaiting), closed: make(chan struct{})}
	go p.run()
	return p
}

// run returns when the body ends.
func (p *pump) run() {
	defer close(p.events)
	lines := bufio.NewReader(p.body)
	for p.err == nil {
		var event []byte
		if event, p.err = lines.ReadBytes('\n'); p.err == nil {
			p.meter.arrived(event)
		}
		if len(p.events) == mostWaiting {
			p.meter.late.Add(1)
		}
		select {
		case p.events <- event:
		case <-p.closed:
		}
	}
}

// Read gives the client what the pump has read.
func (p *pump) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		var open bool
		if p.rest, open = <-p.events; !open {
			return 0, p.err
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// Close ends the watch.
func (p *pump) Close() error {
	p.once.Do(func() {
		p.meter.watches.Add(-1)
		close(p.closed)
	})
	return p.body.Close()
}
