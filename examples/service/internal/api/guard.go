package api

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// policy allows the page its own files and nothing else, so that no string becomes markup.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// secured refuses requests that another site makes a browser send, and those that name no user where
// a proxy should, and tells browsers how they may use the answers. Probes are answered without a user,
// and under any host name; see ready.
func (s *Server) secured(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		err := error(nil)
		if !isProbe(r) {
			err = cmp.Or(s.knownHost(r), ownSite(guard, r), s.knownUser(r))
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isProbe(r *http.Request) bool { return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" }

// knownHost refuses requests for host names other than the service's.
func (s *Server) knownHost(r *http.Request) error {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return nil
	}
	for _, known := range append([]string{"localhost"}, s.opts.Hosts...) {
		if strings.EqualFold(host, known) {
			return nil
		}
	}
	return &requestError{"UnknownHost", fmt.Sprintf("unknown host name %q; set it with the service's --host", host)}
}

// ownSite refuses requests from pages of other sites: changes, and also reads, since a stream takes
// a slot whether or not the page sees its content.
func ownSite(guard *http.CrossOriginProtection, r *http.Request) error {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		r = r.WithContext(r.Context()) // a copy
		r.Method = http.MethodPost     // so that every request is checked
	}
	if guard.Check(r) != nil {
		return &requestError{"CrossOrigin", "requests from pages of other sites are refused"}
	}
	return nil
}

// logged logs who requested which change, even if a handler panics. Reads are logged at debug level
// only.
func (s *Server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noted := &notedWriter{ResponseWriter: w}
		defer s.logRequest(r, noted, time.Now())
		next.ServeHTTP(noted, r)
		noted.code = cmp.Or(noted.code, http.StatusOK)
	})
}

func (s *Server) logRequest(r *http.Request, answered *notedWriter, began time.Time) {
	level := slog.LevelInfo
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		level = slog.LevelDebug
	}
	s.opts.Log.Log(r.Context(), level, "request", append(s.asked(r), "code", answered.code,
		"took", time.Since(began).Round(time.Millisecond).String())...)
}

// notedWriter records the status code; 0 if none was written.
type notedWriter struct {
	http.ResponseWriter
	code int
}

func (w *notedWriter) WriteHeader(code int) {
	w.code = code
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap is for [http.ResponseController].
func (w *notedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// problemsOf turns the responses of a mux without a matching handler into problems.
func problemsOf(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		said := &saidWriter{header: http.Header{}}
		handler.ServeHTTP(said, r)
		err := &requestError{"NoSuchAddress", "there is no resource at this address"}
		if said.code == http.StatusMethodNotAllowed {
			allowed := said.header["Allow"]
			w.Header()["Allow"] = allowed
			err = &requestError{"MethodNotAllowed", "this address accepts " + strings.Join(allowed, ", ")}
		}
		writeProblem(w, problemOf(err))
	})
}

// saidWriter captures a response instead of sending it.
type saidWriter struct {
	header http.Header
	code   int
}

func (w *saidWriter) Header() http.Header            { return w.header }
func (w *saidWriter) Write(text []byte) (int, error) { return len(text), nil }
func (w *saidWriter) WriteHeader(code int)           { w.code = code }
