package api

import (
	"net/http"
	"net/netip"
	"sync"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// user is who asks, in the words of the proxy in front: the value of Options.UserHeader. It is "" where
// there is no such option, and where a request has the header twice, as it has if the proxy only adds
// its own to one of the client's.
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

// client is whom a request counts for in the limits: the user, or else the address it comes from. Of
// addresses of version 6, of which a client has very many, it is the network.
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

// asked is what the log says of a request.
func (s *Server) asked(r *http.Request) []any {
	attrs := []any{"method", shownInLog(r.Method), "path", shownInLog(r.URL.Path), "from", r.RemoteAddr}
	if user := s.user(r); user != "" {
		attrs = append(attrs, "user", user)
	}
	return attrs
}

// shownInLog is what a client has written, as a log can have it.
func shownInLog(text string) string { return status.Printable(cut(text, maxName)) }

// slots limit how many there are at once, of all clients and of each. One alone can't take them all.
type slots struct {
	all, each int

	mu    sync.Mutex
	taken map[string]int // by client
	sum   int
}

// newSlots has as many slots as that, of which one client gets half.
func newSlots(all int) *slots {
	return &slots{all: all, each: (all + 1) / 2, taken: map[string]int{}}
}

// take reports whether there is one for this client; give it back then.
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
