package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
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

	// turn, if it is set, blocks until it is the turn of a line of that time, which is read then.
	turn func(order time.Time) error
	// long, if it is set, has the places for long lines.
	long  *logTurns
	holds atomic.Bool // one of these places

	size     int64     // bytes of text so far
	reached  bool      // the limit
	order    time.Time // of the last line, for the order among sources; never runs back
	rest     logRest   // what the last request ended with, without a line feed
	complete bool      // the last answer was to the end of all that will be written
	missing  bool      // lines may be missing, since the pod was deleted
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
		err := s.request(newLogRequest(ctx, final), counted)
		switch {
		case err == nil, noLog(err):
			s.tail = nil // it is of what there was by now
			if final && err != nil && logDeleted(err) {
				return s.podGone(emit)
			}
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
func (s *logSource) request(r *logRequest, emit func(LogLine) error) error {
	defer r.close()
	if s.reached {
		return nil
	}
	query := logQuery{follow: r.follow, previous: s.previous}
	since, again := s.position.resume()
	query.since = since
	if s.tail != nil && s.position.last.IsZero() {
		// Of no lines at all nothing would be known to go on from, so it is one, not shown.
		query.tail = new(max(1, *s.tail))
		if *s.tail == 0 {
			emit = nil
		}
	}
	body, err := r.open(s.open, query)
	if err != nil {
		s.complete = s.complete && noLog(err) // else more may have been written meanwhile
		return err
	}
	defer func() { _ = body.Close() }() // what was read is what counts
	s.complete = false
	before := s.rest
	s.rest = logRest{} // this answer says what the log ends with
	lines := newLineReader(body, MaxLogLine)
	lines.long = func() error { return s.takeLong(r) }
	defer s.giveLong()
	for {
		if s.turn != nil && !lines.inLine {
			if err := s.turn(later(lines.peek(), s.order)); err != nil {
				return err
			}
		}
		line, err := lines.next()
		if query.tail != nil && s.position.last.IsZero() && line.time.After(s.position.from) {
			s.position.from = line.time // what is older was not asked for
		}
		switch {
		case errors.Is(err, io.EOF):
			s.complete = r.follow || r.final
			if line == (rawLine{}) || !again.isNew(line) {
				return nil
			}
			return s.atEnd(line, before, r.final, emit)
		case err != nil:
			return &cutLogError{err: err}
		case !again.isNew(line):
			s.giveLong()
			continue
		}
		s.position.note(line)
		if err := s.pass(line, emit); err != nil || s.reached {
			return err
		}
		s.giveLong()
	}
}

// takeLong takes a place for a long line, if there are places and it has none. While logs are
// merged it needs none: one of them is read at a time, and those that have the places may wait for
// the merge to end.
func (s *logSource) takeLong(r *logRequest) error {
	if s.long == nil || s.turn != nil || s.holds.Load() {
		return nil
	}
	err := s.long.take(r.ctx)
	s.holds.Store(err == nil)
	return err
}

// giveLong gives the place back that the source may have.
func (s *logSource) giveLong() {
	if s.holds.Swap(false) {
		s.long.give()
	}
}

// later is the later one of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// atEnd handles a line without a line feed that the text ended with. before: what that of the
// last request ended with.
func (s *logSource) atEnd(line rawLine, before logRest, final bool, emit func(LogLine) error) error {
	rest := s.restOf(line)
	if !final || before.key != rest.key {
		s.rest = rest
		if final {
			return errAgain
		}
		return nil
	}
	s.position.note(line)
	return s.pass(line, emit)
}

// logRest is the beginning of a line, or a last line without a line feed.
type logRest struct {
	key  uint64 // 0: there is none
	line rawLine
	long bool // too long to be kept
}

func (s *logSource) restOf(line rawLine) logRest {
	rest := logRest{key: s.position.key(line), line: line}
	if len(line.text) > shortLine {
		rest.line, rest.long = rawLine{}, true
	}
	return rest
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
	s.order = later(raw.time, s.order)
	return emit(line)
}

// forget lets go of what only further requests would need.
func (s *logSource) forget() {
	s.position.forget()
	s.rest = logRest{}
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
