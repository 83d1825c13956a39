package api

import (
	"net/http"
	"net/netip"
	"sync"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// user returns the user according to the proxy: the value of Options.UserHeader. It is "" without
// that option, and if a request has the header twice, as it does if the proxy only adds its own to
// the client's.
func (s *Server) user(r *http.Request) string {
	if s.opts.UserHeader == "" {
		return ""
	}
	values := r.Header.Values(s.opts.UserHeader)
	if len(values) != 1 {
		return ""
	}
	return shownInLog(values[0])
}

// client returns the client to which the limits apply: the user, or else the address. For IPv6
// addresses, of which a client has very many, it is the network.
func (s *Server) client(r *http.Request) string {
	if user := s.user(r); user != "" {
		return "user " + user
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address := from.Addr().Unmap().WithZone("")
	const network = 64 // bits
	if prefix, err := address.Prefix(network); err == nil && address.Is6() {
		return prefix.String()
	}
	return address.String()
}

// asked returns the log attributes of a request.
func (s *Server) asked(r *http.Request) []any {
	attrs := []any{"method", shownInLog(r.Method), "path", shownInLog(r.URL.Path), "from", r.RemoteAddr}
	if user := s.user(r); user != "" {
		attrs = append(attrs, "user", user)
	}
	return attrs
}

// shownInLog makes a client's string safe for a log.
func shownInLog(text string) string { return status.Printable(cut(text, maxName)) }

// slots limits a number of concurrent uses, overall and for each client.
type slots struct {
	all, each int

	mu    sync.Mutex
	taken map[string]int // by client
	sum   int
}

// newSlots returns that many slots; one client gets at most half of them.
func newSlots(all int) *slots {
	return &slots{all: all, each: (all + 1) / 2, taken: map[string]int{}}
}

// take reports whether the client gets a slot, which it must then give back.
func (s *slots) take(client string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sum == s.all || s.taken[client] == s.each {
		return false
	}
	s.sum++
	s.taken[client]++
	return true
}

func (s *slots) give(client string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum--
	if s.taken[client]--; s.taken[client] == 0 {
		delete(s.taken, client)
	}
}
