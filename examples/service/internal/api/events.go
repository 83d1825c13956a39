package api

import (
	"encoding/json"
	"net/http"
	"time"
)

// The events of streams.
const (
	eventWhich  = "backfills" // which there are on the stream, in their order, and how often it is alive: the first event
	eventStatus = "status"    // a standing
	eventLine   = "line"      // of a log
	eventBegin  = "begin"     // what was shown of a log before is to be forgotten
	eventEnd    = "end"       // of a log, and why if it is for a failure: don't connect again at once
	eventAlive  = "alive"     // the connection is; where none comes for some time, connect again
	eventBye    = "bye"       // the service ends: connect again, to another
)

// allEvents is the stream of all backfills.
func (s *Server) allEvents(w http.ResponseWriter, r *http.Request) {
	sessions := make([]string, len(s.opts.Backfills))
	for i, b := range s.opts.Backfills {
		sessions[i] = b.Session
	}
	s.streamEvents(w, r, sessions)
}

// events is the stream of one.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	b, err := s.find(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.streamEvents(w, r, []string{b.Session})
}

// streamEvents sends how the backfills stand now, and then each change. Whatever a client has seen
// before, it begins with the present state, which is all there is.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request, sessions []string) {
	client := s.client(r)
	if !s.streams.take(client) {
		s.fail(w, r, &requestError{"TooManyStreams", "too many streams are open, of all or of one client"})
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
	leave := s.news.join(r.Context(), sessions)
	defer leave()
	heartbeat := time.NewTicker(s.opts.Heartbeat)
	defer heartbeat.Stop()
	var seen int64
	for {
		items, changed := s.news.after(seen, sessions)
		for _, each := range items {
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
			_ = out.event(seen, eventBye, []byte("{}"), true) // it ends either way
			return
		}
	}
}

// sentAway ends a stream that comes after EndStreams, from when on nothing is to be followed.
func (s *Server) sentAway(out stream) bool {
	select {
	case <-s.ending:
		_ = out.event(0, eventBye, []byte("{}"), true) // it ends either way
		return true
	default:
		return false
	}
}
