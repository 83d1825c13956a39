package api

import (
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// policy lets the page have its own files and nothing else, and no text become markup.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// secured refuses changes that another site has a browser ask for, and says what browsers may do with
// the answers.
func secured(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, problemOf(&requestError{"CrossOrigin", "changes are refused to the pages of other sites"}))
	}))
	guarded := guard.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		guarded.ServeHTTP(w, r)
	})
}

// logged writes down who has asked for which change. What is only read is for those who debug.
func (s *Server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		noted := &notedWriter{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(noted, r)
		level := slog.LevelInfo
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			level = slog.LevelDebug
		}
		s.opts.Log.Log(r.Context(), level, "request", "method", r.Method, "path", r.URL.Path, "code", noted.code,
			"took", time.Since(began).Round(time.Millisecond).String(), "from", r.RemoteAddr)
	})
}

// notedWriter knows the answer's code.
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

// problemsOf makes problems of what a mux says where it knows no handler.
func problemsOf(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		said := &saidWriter{header: http.Header{}}
		handler.ServeHTTP(said, r)
		err := &requestError{"NoSuchAddress", "there is nothing at this address"}
		if said.code == http.StatusMethodNotAllowed {
			allowed := said.header["Allow"]
			w.Header()["Allow"] = allowed
			err = &requestError{"MethodNotAllowed", "this address takes " + strings.Join(allowed, ", ")}
		}
		writeProblem(w, problemOf(err))
	})
}

// saidWriter takes an answer that nobody is to see as it is.
type saidWriter struct {
	header http.Header
	code   int
}

func (w *saidWriter) Header() http.Header            { return w.header }
func (w *saidWriter) Write(text []byte) (int, error) { return len(text), nil }
func (w *saidWriter) WriteHeader(code int)           { w.code = code }
