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
	// DefaultCallTimeout limits a request other than a stream.
	DefaultCallTimeout = 30 * time.Second
	// DefaultHeartbeat is shorter than proxies keep an idle connection.
	DefaultHeartbeat = 15 * time.Second
	// DefaultLookAgain is the interval for detecting that another client has started a backfill
	// that was not started, or had ended.
	DefaultLookAgain = 3 * time.Second
	// DefaultMaxStreams is enough for some dozens of people with several pages each.
	DefaultMaxStreams = 256
	// DefaultMaxLogs is lower, since each takes a connection for each container, and up to 8 MiB.
	DefaultMaxLogs = 8
	// DefaultMaxCalls applies to requests other than streams, and separately to those whose bodies
	// are being read.
	DefaultMaxCalls = 64
	// DefaultBodyTimeout is enough for the largest body over a slow connection.
	DefaultBodyTimeout = 10 * time.Second
)

// Backfill is a backfill that the server offers.
type Backfill struct {
	backfill.Backfill
	// Session identifies it in URLs.
	Session string
	// Logs reads the logs of the workflow's pods; nil: it has no workflow.
	Logs workflow.LogStreamer
}

// Options configure a [Server]. 0 means the default of that name.
type Options struct {
	// Backfills are shown in this order. Their sessions have to differ.
	Backfills []Backfill
	// Past are the clients that list ended runs, one for each namespace. Those with a History also list runs
	// whose workflow was deleted.
	Past []workflow.Reader
	// Decisions says who decided about gates; nil: that is unknown.
	Decisions DecisionReader
	// Log receives every requested change, and every failure. Required.
	Log *slog.Logger
	// Ready returns an error that names what the service lacks. Each probe calls it. Required.
	Ready func(context.Context) error
	// Page contains the handlers of the page by pattern, which are served beside the interface.
	Page map[string]http.Handler
	// Hosts are the host names, without a port, under which the page and the interface may be
	// requested, in addition to localhost and all IP addresses. A request for another name comes
	// from a site whose name resolves to this server, so that browsers take its pages for the
	// service's own.
	Hosts []string
	// Follow sets the intervals for reading what has no notifications.
	Follow backfill.FollowOptions

	// UserHeader is the header in which a proxy names the user, such as X-Forwarded-User; "": none.
	// The log contains it, decisions about gates are recorded as the user's, and limits then apply
	// to each user instead of each address. Requests other than probes are refused unless they have
	// it once, with at most 256 printable bytes. The header is trusted: set it only if no other client
	// can reach the server, and the proxy replaces the header that clients send.
	UserHeader string

	CallTimeout time.Duration
	BodyTimeout time.Duration
	Heartbeat   time.Duration
	LookAgain   time.Duration
	// MaxStreams, MaxLogs and MaxCalls limit concurrent requests. One client gets at most half of
	// each.
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

// Server handles requests. It is safe for concurrent use.
type Server struct {
	opts      Options
	backfills map[string]Backfill
	publisher *publisher
	statusOf  map[string]*shared[view] // by session, like the next two
	gatesOf   map[string]*shared[[]workflow.Gate]
	changes   map[string]turn
	pastRuns  *shared[pastList]
	streams   *slots
	logs      *slots
	calls     *slots
	bodies    *slots
	handling  handling

	drain, end sync.Once
	draining   chan struct{} // closed: no new requests wanted
	ending     chan struct{} // closed: streams end
}

// New returns a server. It sends nothing. The error names missing options.
func New(opts Options) (*Server, error) {
	opts = opts.withDefaults()
	if opts.Log == nil || opts.Ready == nil {
		return nil, errors.New("api: Log and Ready are required")
	}
	s := &Server{
		opts: opts, backfills: make(map[string]Backfill, len(opts.Backfills)),
		statusOf: map[string]*shared[view]{}, gatesOf: map[string]*shared[[]workflow.Gate]{}, changes: map[string]turn{},
		streams: newSlots(opts.MaxStreams), logs: newSlots(opts.MaxLogs), calls: newSlots(opts.MaxCalls), bodies: newSlots(opts.MaxCalls),
		draining: make(chan struct{}), ending: make(chan struct{}),
	}
	for _, b := range opts.Backfills {
		if _, taken := s.backfills[b.Session]; taken || b.Session == "" {
			return nil, fmt.Errorf("api: session %q: each backfill needs its own session", b.Session)
		}
		s.backfills[b.Session] = b
		reading := make(turn, 1) // for both readers
		s.statusOf[b.Session] = &shared[view]{read: inTurn(reading, viewed(b.Status)), within: opts.CallTimeout}
		s.gatesOf[b.Session] = &shared[[]workflow.Gate]{read: inTurn(reading, b.Gates), within: opts.CallTimeout}
		s.changes[b.Session] = make(turn, 1)
	}
	s.pastRuns = &shared[pastList]{read: s.readPast, within: opts.CallTimeout}
	s.publisher = newPublisher(s.backfills, opts.Follow, opts.LookAgain)
	return s, nil
}

// Drain makes the server report that it is not ready, so that requests are sent elsewhere. It still
// answers requests.
func (s *Server) Drain() { s.drain.Do(func() { close(s.draining) }) }

// EndStreams ends all streams, including later ones, and asks their clients to reconnect, which
// leads them elsewhere. It doesn't wait.
func (s *Server) EndStreams() {
	s.Drain()
	s.end.Do(func() { close(s.ending) })
}

// Close refuses new requests, and blocks until all requests have finished and nothing is followed
// any more. That is soon after the contexts of all requests have ended. It may be called again.
func (s *Server) Close() {
	s.EndStreams()
	s.handling.end()
	s.publisher.following.Wait()
	s.pastRuns.under.Wait()
	for session := range s.backfills {
		s.statusOf[session].under.Wait()
		s.gatesOf[session].under.Wait()
	}
}
