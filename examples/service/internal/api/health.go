package api

import (
	"context"
	"net/http"
	"time"
)

// readyTimeout is less than a probe's timeout.
const readyTimeout = 4 * time.Second

// healthy reports that the process is alive. It sends no requests: a restart does not repair a
// cluster.
func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// ready reports whether requests make sense: the API server answers, permissions are there, and the
// process isn't shutting down.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	select {
	case <-s.draining:
		writeProblem(w, notReady("the service is shutting down", "Canceled"))
		return
	default:
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := s.opts.Ready(ctx); err != nil {
		detail := cut(err.Error(), maxDetail)
		if s.knownHost(r) != nil { // a page of another site that resolves here can read this
			detail = "the service lacks something; see its log for details"
		}
		writeProblem(w, notReady(detail, reasonOf(err)))
		return
	}
	healthy(w, r)
}

// notReady is always a 503, which probes and load balancers look for.
func notReady(detail, reason string) problem {
	const code = http.StatusServiceUnavailable
	return problem{Type: "about:blank", Title: http.StatusText(code), Status: code, Detail: detail, Reason: reason}
}
