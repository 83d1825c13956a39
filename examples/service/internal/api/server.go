package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// DefaultCallTimeout is how long a request that is no stream may take.
	DefaultCallTimeout = 30 * time.Second
	// DefaultHeartbeat is shorter than proxies wait for a connection on which nothing comes.
	DefaultHeartbeat = 15 * time.Second
	// DefaultLookAgain is how soon it shows that somebody else has started what had not been
	// started, or had ended.
	DefaultLookAgain = 3 * time.Second
	// DefaultMaxStreams is enough for some dozens of people with some pages each.
	DefaultMaxStreams = 256
	// DefaultMaxLogs is less, since each takes a connection for each container, and up to 8 MiB.
	DefaultMaxLogs = 8
	// DefaultMaxCalls is of requests that are no streams, and of those whose bodies are coming in.
	DefaultMaxCalls = 64
	// DefaultBodyTimeout is enough for the largest body over a slow line.
	DefaultBodyTimeout = 10 * time.Second
)

// Backfill is one that is served.
type Backfill struct {
	backfill.Backfill
	// Session names it in addresses.
	Session string
	// Logs reads what its workflow's pods write; nil: it has no workflow.
	Logs workflow.LogStreamer
}

// Options are what a [Server] works with. 0 means the default of that name.
type Options struct {
	// Backfills are shown in this order. Their sessions have to differ.
	Backfills []Backfill
	// Log is told of every change that was asked for, and of what has failed. Required.
	Log *slog.Logger
	// Ready says what is missing to do what is asked for. It is called with each probe. Required.
	Ready func(context.Context) error
	// Page is served beside the interface: handlers by their pattern.
	Page map[string]http.Handler
	// Hosts are the names by which requests may ask for the page and the interface, without a port,
	// beside localhost and all IP addresses. Another name in a request is that of a site which has had
	// its name point here, so that browsers take its pages for the service's own.
	Hosts []string
	// Follow says how often is read what nothing announces.
	Follow backfill.FollowOptions

	// UserHeader is the header in which a proxy says who asks, such as X-Forwarded-User; "": none does.
	// It goes into the log, and limits are for each user then instead of each address. Set it only where
	// nobody else than that proxy can reach the server, and the proxy replaces what clients send by that
	// name: it is believed.
	UserHeader string

	CallTimeout time.Duration
	BodyTimeout time.Duration
	Heartbeat   time.Duration
	LookAgain   time.Duration
	// MaxStreams, MaxLogs and MaxCalls are how many there are at once. A client can have half of each.
	MaxStreams int
	MaxLogs    int
	MaxCalls   int
}

func (o Options) withDefaults() Options {
	orDefault(&o.CallTimeout, DefaultCallTimeout)
	orDefault(&o.BodyTimeout, DefaultBodyTimeout)
	orDefault(&o.Heartbeat, DefaultHeartbeat)
	orDefault(&o.LookAgain, DefaultLookAgain)
	orDefault(&o.MaxStreams, DefaultMaxStreams)
	orDefault(&o.MaxLogs, DefaultMaxLogs)
	orDefault(&o.MaxCalls, DefaultMaxCalls)
	return o
}

func orDefault[T int | time.Duration](value *T, fallback T) {
	if *value <= 0 {
		*value = fallback
	}
}

// Server answers requests. Its methods may be called by several goroutines at once.
type Server struct {
	opts      Options
	backfills map[string]Backfill
	news      *news
	statusOf  map[string]*shared[view] // by session, as are these
	gatesOf   map[string]*shared[[]backfill.Gate]
	changes   map[string]turn
	streams   *slots
	logs      *slots
	calls     *slots
	bodies    *slots
	handling  handling

	drain, end sync.Once
	draining   chan struct{} // closed: no new work is wanted
	ending     chan struct{} // closed: streams end
}

// New returns a server. It sends nothing. The error names what is missing.
func New(opts Options) (*Server, error) {
	opts = opts.withDefaults()
	if opts.Log == nil || opts.Ready == nil {
		return nil, errors.New("api: Log and Ready are required")
	}
	s := &Server{
		opts: opts, backfills: make(map[string]Backfill, len(opts.Backfills)),
		statusOf: map[string]*shared[view]{}, gatesOf: map[string]*shared[[]backfill.Gate]{}, changes: map[string]turn{},
		streams: newSlots(opts.MaxStreams), logs: newSlots(opts.MaxLogs), calls: newSlots(opts.MaxCalls), bodies: newSlots(opts.MaxCalls),
		draining: make(chan struct{}), ending: make(chan struct{}),
	}
	for _, b := range opts.Backfills {
		if _, taken := s.backfills[b.Session]; taken || b.Session == "" {
			return nil, fmt.Errorf("api: session %q: each backfill needs one of its own", b.Session)
		}
		s.backfills[b.Session] = b
		reading := make(turn, 1) // of both
		s.statusOf[b.Session] = &shared[view]{read: inTurn(reading, viewed(b.Status)), within: opts.CallTimeout}
		s.gatesOf[b.Session] = &shared[[]backfill.Gate]{read: inTurn(reading, b.Gates), within: opts.CallTimeout}
		s.changes[b.Session] = make(turn, 1)
	}
	s.news = newNews(s.backfills, opts.Follow, opts.LookAgain)
	return s, nil
}

// Drain makes the server report that it is not ready, so that requests are sent elsewhere. What
// comes all the same is answered.
func (s *Server) Drain() { s.drain.Do(func() { close(s.draining) }) }

// EndStreams asks the clients of all streams to connect again, which leads them elsewhere, and ends
// the streams, also those that are opened from now on. It doesn't wait.
func (s *Server) EndStreams() {
	s.Drain()
	s.end.Do(func() { close(s.ending) })
}

// Close refuses what comes from now on, and blocks until no request is handled and nothing is followed
// any more. That is soon after the contexts of all requests have ended. It may be called again.
func (s *Server) Close() {
	s.EndStreams()
	s.handling.end()
	s.news.following.Wait()
	for session := range s.backfills {
		s.statusOf[session].under.Wait()
		s.gatesOf[session].under.Wait()
	}
}
