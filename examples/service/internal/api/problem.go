package api

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// problem is an RFC 9457 error. Reason is for programs: one of a fixed set of words.
type problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail"`
	Reason string         `json:"reason"`
	Errors []fieldProblem `json:"errors,omitempty"`
	// MoreErrors is the number of errors that are left out.
	MoreErrors int `json:"moreErrors,omitempty"`
}

// fieldProblem is one invalid field of a request.
type fieldProblem struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// kind is a kind of error: its reason and status code.
type kind struct {
	reason string
	code   int
}

// codes is the table of the status codes for all reasons.
func codes() []kind {
	return []kind{
		// Errors in the request itself.
		{"Malformed", http.StatusBadRequest},
		{"CrossOrigin", http.StatusForbidden},
		{"UnknownUser", http.StatusForbidden}, // not a 401: the client cannot log in here, only at the proxy
		{"NoSuchAddress", http.StatusNotFound},
		{"MethodNotAllowed", http.StatusMethodNotAllowed},
		{"TooLarge", http.StatusRequestEntityTooLarge},
		{"TooSlow", http.StatusRequestTimeout},
		{"UnsupportedMediaType", http.StatusUnsupportedMediaType},
		{"UnknownHost", http.StatusMisdirectedRequest},
		{"TooManyStreams", http.StatusServiceUnavailable},
		{"TooManyCalls", http.StatusServiceUnavailable},
		// Reasons that pkg/backfill adds to those of pkg/workflow.
		{"NotStarted", http.StatusConflict},
		{"Ended", http.StatusConflict},
		{"Running", http.StatusConflict},
		{"NoWorkers", http.StatusConflict},
		{"NoSnapshot", http.StatusUnprocessableEntity},
		// workflow.Reason.
		{"Invalid", http.StatusUnprocessableEntity},
		{"NotFound", http.StatusNotFound},
		{"TemplateNotFound", http.StatusNotFound},
		{"AlreadyExists", http.StatusConflict},
		{"IdempotencyMismatch", http.StatusConflict},
		{"Conflict", http.StatusConflict},
		{"Completed", http.StatusConflict},
		{"NotCompleted", http.StatusConflict},
		{"NotSuspended", http.StatusConflict},
		{"Replaced", http.StatusConflict},
		{"Deleted", http.StatusGone},
		{"Forbidden", http.StatusForbidden}, // for the service; the permissions of users are not its concern
		{"NodesOffloaded", http.StatusNotImplemented},
		{"NodesGone", http.StatusNotImplemented},
		{"Unreadable", http.StatusBadGateway},
		{"Unsupported", http.StatusNotImplemented},
		{"Unauthorized", http.StatusBadGateway}, // the service's credentials, not the user's
		{"NotInstalled", http.StatusServiceUnavailable},
		{"Unavailable", http.StatusServiceUnavailable},
		{"History", http.StatusServiceUnavailable},
		{"Canceled", http.StatusServiceUnavailable}, // the service is shutting down: a client that has left reads no answer
		{"UnknownOutcome", http.StatusGatewayTimeout},
		{"DeadlineExceeded", http.StatusGatewayTimeout},
		{"Other", http.StatusInternalServerError},
	}
}

// reasonOf returns the reason of an error, in one word.
func reasonOf(err error) string {
	var bad *requestError
	if errors.As(err, &bad) {
		return bad.reason
	}
	for _, own := range []struct {
		err    error
		reason string
	}{
		{backfill.ErrNotStarted, "NotStarted"},
		{backfill.ErrEnded, "Ended"},
		{backfill.ErrRunning, "Running"},
		{backfill.ErrNoWorkers, "NoWorkers"},
		{backfill.ErrNoSnapshot, "NoSnapshot"},
	} {
		if errors.Is(err, own.err) {
			return own.reason
		}
	}
	return workflow.Reason(err)
}

func codeOf(reason string) int {
	for _, k := range codes() {
		if k.reason == reason {
			return k.code
		}
	}
	return http.StatusInternalServerError
}

func problemOf(err error) problem {
	reason := reasonOf(err)
	p := problem{Type: "about:blank", Status: codeOf(reason), Detail: cut(err.Error(), maxDetail), Reason: reason}
	p.Title = http.StatusText(p.Status)
	var invalid *workflow.InvalidError
	if errors.As(err, &invalid) {
		p.Errors, p.MoreErrors = shownProblems(invalid)
	}
	return p
}

// fail responds with a problem.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	level := slog.LevelInfo
	if p.Status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	s.opts.Log.Log(r.Context(), level, "refused", append(s.asked(r), "code", p.Status, "reason", p.Reason, "err", status.Printable(p.Detail))...)
	writeProblem(w, p)
}

func writeProblem(w http.ResponseWriter, p problem) {
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	writeJSON(w, "application/problem+json", p.Status, p)
}

// requestError is a mistake in the request that the library doesn't see.
type requestError struct{ reason, detail string }

func (e *requestError) Error() string { return e.detail }
