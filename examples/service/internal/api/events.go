package api

import (
	"encoding/json"
	"net/http"
	"time"
)

// The events of streams.
const (
	eventWhich  = "backfills" // the first event: the backfills of the stream, in order, and the interval of alive events
	eventStatus = "status"    // a list item
	eventLine   = "line"      // of a log
	eventBegin  = "begin"     // discard what was shown of the log before
	eventEnd    = "end"       // of a log; includes the reason after a failure, when clients should not reconnect at once
	eventAlive  = "alive"     // heartbeat; if it is missing for some time, reconnect
	eventBye    = "bye"       // the service shuts down: reconnect, to another process
)

// allEvents streams all backfills.
func (s *Server) allEvents(w http.ResponseWriter, r *http.Request) {
	sessions := make([]string, len(s.opts.Backfills))
	for i, b := range s.opts.Backfills {
		sessions[i] = b.Session
	}
	s.streamEvents(w, r, sessions)
}

// events streams one backfill.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	b, err := s.find(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.streamEvents(w, r, []string{b.Session})
}

// streamEvents sends the current state of the backfills, and then each change. Whatever a client
// has seen before, it begins with the current state.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request, sessions []string) {
	client := s.client(r)
	if !s.streams.take(client) {
		s.fail(w, r, &requestError{"TooManyStreams", "too many open streams, overall or for one client"})
		return
	}
	defer s.streams.give(client)
	out, err := newStream(w, r)
	if err != nil || s.sentAway(out) {
		return
	}
	which, err := json.Marshal(struct {
		Sessions    []string `json:"sessions"`
		HeartbeatMs int64    `json:"heartbeatMs"`
	}{sessions, s.opts.Heartbeat.Milliseconds()})
	if err != nil || out.event(0, eventWhich, which, true) != nil {
		return
	}
	unsubscribe := s.publisher.subscribe(r.Context(), sessions)
	defer unsubscribe()
	heartbeat := time.NewTicker(s.opts.Heartbeat)
	defer heartbeat.Stop()
	var seen int64
	for {
		updates, changed := s.publisher.after(seen, sessions)
		for _, each := range updates {
			if out.event(each.number, eventStatus, each.text, true) != nil {
				return
			}
			seen = each.number
		}
		select {
		case <-changed:
		case <-heartbeat.C:
			if out.alive() != nil {
				return
			}
		case <-r.Context().Done():
			return
		case <-s.ending:
			_ = out.event(seen, eventBye, []byte("{}"), true) // the stream ends in any case
			return
		}
	}
}

// sentAway ends a stream that was opened after EndStreams.
func (s *Server) sentAway(out stream) bool {
	select {
	case <-s.ending:
		_ = out.event(0, eventBye, []byte("{}"), true) // the stream ends in any case
		return true
	default:
		return false
	}
}
