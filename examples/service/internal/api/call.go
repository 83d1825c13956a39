package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// answerGrace is the time to write an answer after the time limit of the call.
const answerGrace = 5 * time.Second

// answer is the result of a call.
type answer struct {
	code int
	body any // nil: no body
}

// errTooManyCalls applies to all clients together, or to one.
func errTooManyCalls() error {
	return &requestError{"TooManyCalls", "too many concurrent requests, overall or from one client"}
}

func ok(body any) answer { return answer{http.StatusOK, body} }

// done is the answer of a call without a result.
func done() answer { return answer{http.StatusNoContent, nil} }

// call makes a handler of do, with a time limit.
func (s *Server) call(do func(ctx context.Context, r *http.Request) (answer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := s.readBody(w, r); err != nil { // this may take long, so it has no slot yet
			w.Header().Set("Connection", "close") // don't wait for the rest of the body
			s.fail(w, r, err)
			return
		}
		client := s.client(r)
		if !s.calls.take(client) {
			s.fail(w, r, errTooManyCalls())
			return
		}
		defer s.calls.give(client)
		ctx, cancel := context.WithTimeout(r.Context(), s.opts.CallTimeout)
		defer cancel()
		s.setAnswerDeadline(w)
		a, err := do(ctx, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		writeJSON(w, "application/json", a.code, a.body)
	}
}

// setAnswerDeadline leaves time for a call, and then for writing its answer.
func (s *Server) setAnswerDeadline(w http.ResponseWriter) {
	// Not all writers have deadlines; those of net/http do.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.opts.CallTimeout + answerGrace))
}

// writeJSON writes an answer. If that fails, the client has left.
func writeJSON(w http.ResponseWriter, contentType string, code int, body any) {
	if body == nil {
		w.WriteHeader(code)
		return
	}
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "the response can't be encoded as JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write(append(text, '\n'))
}
