package api

import "net/http"

// Handler returns the handler for all requests.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	const one = "/api/v1/backfills/{session}"

	mux.HandleFunc("GET /api/v1/backfills", s.call(s.list))
	mux.HandleFunc("GET /api/v1/past", s.call(s.past))
	mux.HandleFunc("GET "+one, s.call(s.status))
	mux.HandleFunc("GET "+one+"/config", s.call(s.config))
	mux.HandleFunc("POST "+one+"/start", s.call(s.start))
	mux.HandleFunc("POST "+one+"/pause", s.call(s.pause))
	mux.HandleFunc("POST "+one+"/stop", s.call(s.stop))
	mux.HandleFunc("PUT "+one+"/scale", s.call(s.scale))
	mux.HandleFunc("GET "+one+"/gates", s.call(s.gates))
	mux.HandleFunc("POST "+one+"/gates/approve", s.call(s.approve))
	mux.HandleFunc("POST "+one+"/gates/reject", s.call(s.reject))

	mux.HandleFunc("GET /api/v1/events", s.allEvents)
	mux.HandleFunc("GET "+one+"/events", s.events)
	mux.HandleFunc("GET "+one+"/logs", s.tail)

	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", s.ready)
	for pattern, file := range s.opts.Page {
		mux.Handle(pattern, file)
	}

	return s.handled(s.secured(s.logged(problemsOf(mux))))
}
