package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	defaultTail = 100
	maxTail     = 10_000
	// maxLine limits what is sent of a line. Pages show lines, not documents.
	maxLine = 16 << 10
	// linesAhead is the number of lines that are read ahead of sending.
	linesAhead = 64
)

type logLine struct {
	Time      time.Time `json:"time,omitzero"`
	Pod       string    `json:"pod"`
	Container string    `json:"container"`
	Node      string    `json:"node,omitempty"`
	Text      string    `json:"text"`
}

// tail streams the last lines that the workflow's pods have written, and what they write from then
// on. It starts over with each connection.
func (s *Server) tail(w http.ResponseWriter, r *http.Request) {
	client := s.client(r)
	if !s.logs.take(client) { // before any request to the cluster
		s.fail(w, r, &requestError{"TooManyStreams", "too many open logs, overall or for one client"})
		return
	}
	defer s.logs.give(client)
	s.setAnswerDeadline(w) // until the stream begins
	lines, name, err := s.openLogs(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	out, err := newStream(w, r)
	if err != nil {
		return
	}
	about, _ := json.Marshal(map[string]string{"workflow": name}) // strings can't fail
	if out.event(0, eventBegin, about, true) != nil {
		return
	}
	s.sendLines(r.Context(), out, lines)
}

// openLogs finds the workflow whose logs to read. It reads nothing until lines are requested.
func (s *Server) openLogs(r *http.Request) (open func(context.Context, chan<- logLine) error, name string, err error) {
	b, err := s.find(r)
	if err != nil {
		return nil, "", err
	}
	lines := int64(defaultTail)
	if text := r.URL.Query().Get("tail"); text != "" {
		if lines, err = strconv.ParseInt(text, 10, 64); err != nil || lines < 0 || lines > maxTail {
			return nil, "", &requestError{"Malformed", fmt.Sprintf("tail: must be a number of lines from 0 to %d", maxTail)}
		}
	}
	if b.Logs == nil {
		return nil, "", fmt.Errorf("%w: a backfill without a workflow has no logs", workflow.ErrUnsupported)
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.opts.CallTimeout)
	defer cancel()
	v, err := s.statusOf[b.Session].get(ctx)
	switch {
	case err != nil:
		return nil, "", err
	case v.Status.Run == 0:
		return nil, "", fmt.Errorf("%w: it has no logs", backfill.ErrNotStarted)
	}
	of := v.Status.Workflow
	name, opts := of.Name, workflow.LogOptions{Follow: !of.Completed(), Tail: &lines, UID: of.UID} // keep only these of the status
	return func(ctx context.Context, to chan<- logLine) error {
		for line, err := range b.Logs.Logs(ctx, name, opts) {
			if err != nil {
				return err
			}
			text := line.Text
			if len(text) > maxLine {
				text = strings.ToValidUTF8(text[:maxLine], "") + " …"
			}
			select {
			case to <- logLine{line.Time, line.Pod, line.Container, cut(line.Node, maxName), text}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}, name, nil
}

// sendLines sends lines until the end.
func (s *Server) sendLines(ctx context.Context, out stream, open func(context.Context, chan<- logLine) error) {
	ctx, cancel := context.WithCancel(ctx)
	lines, ended := make(chan logLine, linesAhead), make(chan error, 1)
	go func() { ended <- open(ctx, lines); close(lines) }()
	defer func() {
		cancel()
		for range lines { // until the reader has left
		}
	}()
	heartbeat := time.NewTicker(s.opts.Heartbeat)
	defer heartbeat.Stop()
	var id int64
	for {
		select {
		case line, more := <-lines:
			id++
			if !more {
				_ = out.event(id, eventEnd, endOf(<-ended), true) // the stream ends in any case
				return
			}
			text, err := json.Marshal(line)
			if err != nil || out.event(id, eventLine, text, len(lines) == 0) != nil {
				return
			}
		case <-heartbeat.C:
			if out.alive() != nil {
				return
			}
		case <-ctx.Done():
			return
		case <-s.ending:
			_ = out.event(id, eventBye, []byte("{}"), true) // the stream ends in any case
			return
		}
	}
}

// endOf returns the data of the end event.
func endOf(err error) []byte {
	text := []byte("{}")
	if err != nil {
		text, _ = json.Marshal(problemOf(err)) // strings and numbers can't fail
	}
	return text
}
