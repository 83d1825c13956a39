package api

import (
	"net/http"
	"sync"
)

// handling counts the active requests.
type handling struct {
	mu    sync.Mutex
	ended bool
	under sync.WaitGroup
}

// begin reports whether a request may begin. If so, the caller must call under.Done.
func (h *handling) begin() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return false
	}
	h.under.Add(1)
	return true
}

// end prevents new requests, and waits for the active ones.
func (h *handling) end() {
	h.mu.Lock()
	h.ended = true
	h.mu.Unlock()
	h.under.Wait()
}

// handled counts the requests that next handles, and refuses those that arrive after Close.
func (s *Server) handled(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.handling.begin() {
			writeProblem(w, notReady("the service is shutting down", "Canceled"))
			return
		}
		defer s.handling.under.Done()
		next.ServeHTTP(w, r)
	})
}
