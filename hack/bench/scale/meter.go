package main

import (
	"context"
	"net"
	"net/http"
	"regexp"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
)

// meter counts what a client does on the wire, and records when the events of its watches arrive.
type meter struct {
	bytes             atomic.Int64 // as the kernel has them: with TLS
	requests, failed  atomic.Int64
	dialled           atomic.Int64
	watches, mostOpen atomic.Int64   // requests for a watch whose answer is open
	late              atomic.Int64   // times a watch had to wait for its reader
	event             *regexp.Regexp // with a workflow's name and its version
	last              Usage          // up to the last call of Usage
	mostHeap          int64          // while workflows were listed

	mu       sync.Mutex
	arrivals []arrival // the last of each workflow
}

type arrival struct {
	version string
	at      int64
}

// newMeter returns a meter for that many workflows. The API server writes an object's metadata
// before its spec and status, and there the version after the name.
func newMeter(workflows int) *meter {
	event := regexp.MustCompile(`"name":"(` + namePrefix + `\d{5})",[^{}]*?"resourceVersion":"(\d+)"`)
	return &meter{event: event, arrivals: make([]arrival, workflows)}
}

// nanos is the machine's clock: nanoseconds since 1970, the same for all processes.
func nanos() int64 { return time.Now().UnixNano() }

// arrived records that a watch's event is complete, if it is one of a workflow.
func (m *meter) arrived(event []byte) {
	now := nanos()
	found := m.event.FindSubmatch(event)
	if found == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if index := indexOf(string(found[1])); index < len(m.arrivals) {
		m.arrivals[index] = arrival{version: string(found[2]), at: now}
	}
}

// arrival returns when that version arrived; 0 if it was not in the last event.
func (m *meter) arrival(index int, version string) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if index < 0 || index >= len(m.arrivals) || m.arrivals[index].version != version {
		return 0
	}
	return m.arrivals[index].at
}

// opened counts a watch.
func (m *meter) opened() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mostOpen.Store(max(m.mostOpen.Load(), m.watches.Add(1)))
}

// metered returns cfg with a dialer and a transport that count.
func (m *meter) metered(cfg *rest.Config) *rest.Config {
	cfg = rest.CopyConfig(cfg)
	dialer := &net.Dialer{}
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		m.dialled.Add(1)
		conn, err := dialer.DialContext(ctx, network, address)
		return &meteredConn{Conn: conn, meter: m}, err
	}
	cfg.Wrap(func(rt http.RoundTripper) http.RoundTripper { return &meteredTransport{next: rt, meter: m} })
	return cfg
}

type meteredConn struct {
	net.Conn
	meter *meter
}

func (c *meteredConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.meter.bytes.Add(int64(n))
	return n, err
}

func (c *meteredConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.meter.bytes.Add(int64(n))
	return n, err
}

type meteredTransport struct {
	next  http.RoundTripper
	meter *meter
}

// RoundTrip counts the request, and passes the answer to a watch through a pump.
func (t *meteredTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	t.meter.requests.Add(1)
	resp, err := t.next.RoundTrip(req)
	if err != nil || resp.StatusCode >= http.StatusBadRequest {
		t.meter.failed.Add(1)
	} else if req.URL.Query().Get("watch") == "true" {
		resp.Body = newPump(resp.Body, t.meter)
	}
	return resp, err
}

// WrappedRoundTripper is how client-go finds what it needs beneath a wrapper.
func (t *meteredTransport) WrappedRoundTripper() http.RoundTripper { return t.next }

// Usage is what a process has used in some time.
type Usage struct {
	At       int64 // by nanos
	CPU      int64 // nanoseconds, user and system
	Bytes    int64 // over the wire
	Requests int64
	Failed   int64
	Dialled  int64 // connections made
	Late     int64
	MostOpen int64 // watches, since the process started
	MostHeap int64 // while workflows were listed
}

// Usage returns what was used since the last call.
func (m *meter) Usage(_ int, used *Usage) error {
	var own syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &own)
	now := Usage{
		At: nanos(), CPU: own.Utime.Nano() + own.Stime.Nano(), Bytes: m.bytes.Load(), Requests: m.requests.Load(),
		Failed: m.failed.Load(), Dialled: m.dialled.Load(), Late: m.late.Load(),
		MostOpen: m.mostOpen.Load(), MostHeap: m.mostHeap,
	}
	*used, m.last = now.since(m.last), now
	return err
}

func (u Usage) since(before Usage) Usage {
	return Usage{
		At: u.At - before.At, CPU: u.CPU - before.CPU, Bytes: u.Bytes - before.Bytes, Requests: u.Requests - before.Requests,
		Failed: u.Failed - before.Failed, Dialled: u.Dialled - before.Dialled, Late: u.Late - before.Late,
		MostOpen: u.MostOpen, MostHeap: u.MostHeap,
	}
}

// perSecond returns a count as a rate.
func (u Usage) perSecond(count int64) float64 { return float64(count) / time.Duration(u.At).Seconds() }
