package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
)

// logSource is a container's log, and how far it was read. It is used by one goroutine at
// a time.
type logSource struct {
	line     LogLine // but for time and text
	open     logOpener
	position *logPosition
	retryFor time.Duration
	previous bool
	tail     *int64 // for the first request that is answered; nil: from the beginning
	limit    int64  // bytes; 0: none
	state    logContainer
	goesOn   bool // it is followed after what is past

	size    int64     // bytes of text so far
	reached bool      // the limit
	order   time.Time // of the last line, for the order among sources; never runs back
	rest    string    // what the last request ended with, without a line feed
}

// past reads what the log has by now, over faults, and passes it on. A last line without a
// line feed is one, if the log is final; else there is more to come of it.
func (s *logSource) past(ctx context.Context, final bool, emit func(LogLine) error) error {
	if final {
		defer s.forget()
	}
	p, progress := newPacer(time.Now().Add(s.retryFor)), false
	counted := func(line LogLine) error {
		progress = true
		return emit(line)
	}
	for {
		err := s.request(ctx, false, final, counted)
		switch {
		case err == nil, noLog(err):
			s.tail = nil // it is of what there was by now
			return nil
		case errors.Is(err, errAgain):
			continue
		case ctx.Err() != nil, !readAgain(err):
			return pace.Ended(ctx, err)
		}
		if progress { // it went on; time counts from where it stopped
			p, progress = newPacer(time.Now().Add(s.retryFor)), false
		}
		if !p.Pause(ctx, err) {
			return pace.Ended(ctx, s.unavailable(err))
		}
	}
}

// errAgain asks for another request: only that can tell whether a line without a line feed
// is the last one, or was cut off on its way.
var errAgain = errors.New("once more")

// request reads the log once, from where it was left, and passes on what is new. It returns
// nil at the end of the log, or when the limit was reached.
func (s *logSource) request(ctx context.Context, follow, final bool, emit func(LogLine) error) error {
	if s.reached {
		return nil
	}
	query := logQuery{follow: follow, previous: s.previous}
	since, again := s.position.resume()
	query.since = since
	if s.tail != nil && s.position.last.IsZero() {
		// Of no lines at all nothing would be known to go on from, so it is one, not shown.
		query.tail = new(max(1, *s.tail))
		if *s.tail == 0 {
			emit = nil
		}
	}
	body, err := s.openBounded(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // what was read is what counts
	lines := newLineReader(body, MaxLogLine)
	for {
		line, err := lines.next()
		if query.tail != nil && s.position.last.IsZero() && line.time.After(s.position.from) {
			s.position.from = line.time // what is older was not asked for
		}
		switch {
		case errors.Is(err, io.EOF):
			return s.atEnd(line, final, again, emit)
		case err != nil:
			return &cutLogError{err: err}
		case !again.isNew(line):
			continue
		}
		s.position.note(line)
		if err := s.pass(line, emit); err != nil || s.reached {
			return err
		}
	}
}

// atEnd handles what the text ended with.
func (s *logSource) atEnd(line rawLine, final bool, again *repeats, emit func(LogLine) error) error {
	before := s.rest
	s.rest = line.time.String() + line.text
	switch {
	case line.text == "" && line.time.IsZero(), !final, !again.isNew(line):
		return nil
	case before != s.rest:
		return errAgain
	}
	s.position.note(line)
	return s.pass(line, emit)
}

// pass passes a line on. emit: nil if it is not to be shown, nor to count.
func (s *logSource) pass(raw rawLine, emit func(LogLine) error) error {
	if emit == nil {
		return nil
	}
	s.size += int64(len(raw.text)) + 1
	if s.reached = s.limit > 0 && s.size > s.limit; s.reached {
		return nil
	}
	line := s.line
	line.Time, line.Text = raw.time, raw.text
	if raw.time.After(s.order) {
		s.order = raw.time
	}
	return emit(line)
}

// forget lets go of what only further requests would need.
func (s *logSource) forget() {
	s.position.forget()
	s.rest = ""
}

func (s *logSource) unavailable(err error) error {
	return fmt.Errorf("%w: log of container %s of pod %s: %w", ErrUnavailable, s.line.Container, s.line.Pod, err)
}

// cutLogError is the error of a log that broke off.
type cutLogError struct{ err error }

func (e *cutLogError) Error() string { return "the log broke off: " + e.err.Error() }
func (e *cutLogError) Unwrap() error { return e.err }

// readAgain reports whether a log that could not be read for err may be a little later. The
// API server gives a kubelet that it cannot reach as an internal error of its own; a kubelet
// that fails to read a log answers 400.
func readAgain(err error) bool {
	var cut *cutLogError
	var answer apierrors.APIStatus
	return errors.As(err, &cut) || fault.Transient(err) || apierrors.IsBadRequest(err) ||
		errors.As(err, &answer) && answer.Status().Code >= http.StatusInternalServerError
}
