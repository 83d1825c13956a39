package main

import (
	"io"
	"sync"
)

// pump is the body of a watch. It reads what the server sends as soon as it comes, notes when each
// event was complete, and keeps it until the client takes it: so the time that a client takes
// counts from when the event was there, and not from when the client came to read it.
type pump struct {
	body  io.ReadCloser
	meter *meter
	pipe  *pipe
	close sync.Once
}

func newPump(body io.ReadCloser, m *meter) *pump {
	p := &pump{body: body, meter: m, pipe: newPipe()}
	m.watchOpened()
	go p.run()
	return p
}

// run ends with the body.
func (p *pump) run() {
	const atOnce = 8 << 10
	buf := make([]byte, atOnce)
	events := eventReader{stamps: p.meter.stamps}
	for {
		n, err := p.body.Read(buf)
		events.read(buf[:n])
		if p.pipe.put(buf[:n]) {
			p.meter.held.Add(1)
		}
		if err != nil {
			p.pipe.end(err)
			return
		}
	}
}

// Read gives the client what the pump has read.
func (p *pump) Read(b []byte) (int, error) { return p.pipe.take(b) }

// Close ends the watch.
func (p *pump) Close() error {
	p.close.Do(func() { p.meter.watches.Add(-1) })
	p.pipe.end(io.ErrClosedPipe)
	return p.body.Close()
}
