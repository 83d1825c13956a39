package api

import (
	"fmt"
	"net/http"
	"net/netip"
	"sync"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// knownUser refuses requests in which the proxy does not name exactly one user. A request without the
// header did not pass the proxy, and one with two has a client's own if the proxy only adds to it. A
// name that has to be altered to be shown is refused as well, since it could become another user's.
func (s *Server) knownUser(r *http.Request) error {
	header := s.opts.UserHeader
	if header == "" {
		return nil
	}
	values := r.Header.Values(header)
	var problem string
	switch {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		problem = "is missing"
	case len(values) > 1:
		problem = "is there more than once"
	case values[0] != s.user(r):
		problem = fmt.Sprintf("has more than %d bytes, or characters that are not printable", maxName)
	default:
		return nil
	}
	return &requestError{"UnknownUser", fmt.Sprintf("the header %s, in which a proxy has to name the user, %s", header, problem)}
}

// user returns the user according to the proxy, in a form for the log: the value of
// Options.UserHeader. It is "" without that option, and if a request has the header twice. Where
// knownUser returns nil, it is the value itself.
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
