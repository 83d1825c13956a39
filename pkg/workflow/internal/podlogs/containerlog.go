package podlogs

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
)

// containerLog is the log of a container and how far it has been read. One goroutine uses it at a
// time.
type containerLog struct {
	client   *Client
	open     opener
	line     Line // without time and text
	position *position
	previous bool
	tail     *int64 // for the first request that is answered; nil: from the beginning
	limit    int64  // in bytes; 0: none
	state    container
	followed bool // beyond what has been written so far

	// turn, if it is set, blocks until the line with that time may be read.
	turn func(order time.Time) error
	// longSlots, if it is set, bounds how many long lines are read at a time.
	longSlots *slots
	holdsSlot atomic.Bool // one of longSlots

	size         int64 // bytes of text so far
	limitReached bool
	order        time.Time   // of the last line, for the order among logs; it never decreases
	rest         partialLine // with which the last response ended
	complete     bool        // the last response reached the end of all that will be written
	missing      bool        // lines may be missing because the pod was deleted
}

// containerLogs returns the logs of the selected containers of a pod. If the pod existed at the start
// of the call, the selection's tail applies.
func (l *Logs) containerLogs(p *pod, node podNode, atStart bool) []*containerLog {
	var logs []*containerLog
	for _, c := range p.containers {
		if !l.selection.hasContainer(c.name) {
			continue
		}
		log := &containerLog{
			client:   l.client,
			open:     l.client.opener(p.name, c.name),
			line:     Line{Pod: p.name, Container: c.name, NodeID: node.id, Node: node.name},
			position: newPosition(l.selection.Since),
			previous: l.selection.Previous,
			limit:    l.selection.LimitBytes,
			state:    c,
		}
		if atStart && c.started {
			log.tail = l.selection.Tail
		}
		logs = append(logs, log)
	}
	return logs
}

// readWritten reads what has been written, retrying over faults, and emits what is new. A last line
// without a line feed is a line if m is readFinal. Otherwise the rest of it may follow.
func (l *containerLog) readWritten(ctx context.Context, m mode, emit func(Line) error) error {
	if m == readFinal {
		defer l.discard()
	}
	p, progress := l.retryPacer(), false
	counted := func(line Line) error {
		progress = true
		return emit(line)
	}
	limit := func() time.Duration { return silenceTimeout }
	for {
		err := l.readOnce(newRequest(ctx, m, limit), counted)
		switch {
		case err == nil, hasNoLog(err):
			l.tail = nil // it applies to what had been written by now
			if m == readFinal && err != nil && logDeleted(err) {
				return l.podDeleted(emit)
			}
			return nil
		case errors.Is(err, errUnconfirmed):
			continue
		case ctx.Err() != nil, !canReadAgain(err):
			return pace.Ended(ctx, err)
		}
		if progress { // RetryFor counts from the last progress
			p, progress = l.retryPacer(), false
		}
		if !p.Pause(ctx, err) {
			return pace.Ended(ctx, &UnavailableError{Pod: l.line.Pod, Container: l.line.Container, Err: err})
		}
	}
}

func (l *containerLog) retryPacer() *pace.Pacer {
	return l.client.pacer(time.Now().Add(l.client.RetryFor))
}

// errUnconfirmed asks for another request: only that shows whether a line without a line feed is the
// last one or was cut off on its way.
var errUnconfirmed = errors.New("the last line is unconfirmed")

// readOnce sends one request for what has not been read, and emits what is new. It returns nil at
// the end of the log, or when the limit is reached.
func (l *containerLog) readOnce(r *request, emit func(Line) error) error {
	defer r.close()
	if l.limitReached {
		return nil
	}
	q := query{follow: r.mode == readFollow, previous: l.previous}
	since, again := l.position.resume()
	q.since = since
	if l.tail != nil && l.position.last.IsZero() {
		tail, err := l.countTail(r, q)
		if err != nil {
			return err
		}
		q.tail = &tail
		if *l.tail == 0 {
			emit = nil
		}
	}
	body, err := l.request(r, q)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // the lines have been read by then
	l.complete = false
	before := l.rest
	l.rest = partialLine{} // until this response ends with one
	lines := newLineReader(body, MaxLine)
	lines.onLong = func() error { return l.acquireLong(r.ctx) }
	defer l.releaseLong()
	for {
		if l.turn != nil && !lines.inLine {
			if err := l.turn(latest(lines.peek(), l.order)); err != nil {
				return err
			}
		}
		continued := lines.inLine
		line, err := lines.next()
		if q.tail != nil && l.position.last.IsZero() && line.time.After(l.position.from) {
			l.position.from = line.time // the tail excludes older lines
		}
		switch {
		case errors.Is(err, io.EOF):
			if err := again.readError(line, continued); err != nil {
				return err
			}
			l.complete = r.mode != readSoFar
			if line == (rawLine{}) || !again.isNew(line) {
				return nil
			}
			return l.endPartial(line, before, r.mode, emit)
		case err != nil:
			return &brokenLogError{err: err}
		case !again.isNew(line):
			l.releaseLong()
			continue
		}
		l.position.advance(line)
		if err := l.emitLine(line, emit); err != nil || l.limitReached {
			return err
		}
		l.releaseLong()
	}
}

// request sends a request for a part of the log.
func (l *containerLog) request(r *request, q query) (io.ReadCloser, error) {
	body, err := r.open(l.open, q)
	if err != nil {
		l.complete = l.complete && hasNoLog(err) // otherwise more may have been written since
		return nil, err
	}
	return body, nil
}

// acquireLong acquires a slot for a long line, unless the log holds one. During a merge it needs
// none: one log is read at a time then, and the logs that hold the slots may wait for the merge.
func (l *containerLog) acquireLong(ctx context.Context) error {
	if l.longSlots == nil || l.turn != nil || l.holdsSlot.Load() {
		return nil
	}
	err := l.longSlots.acquire(ctx)
	l.holdsSlot.Store(err == nil)
	return err
}

// releaseLong releases the slot that the log may hold.
func (l *containerLog) releaseLong() {
	if l.holdsSlot.Swap(false) {
		l.longSlots.release()
	}
}

// partialLine is a last line without a line feed.
type partialLine struct {
	key  uint64 // 0: there is none
	line rawLine
	long bool // too long to be kept
}

// endPartial handles a line without a line feed at the end of a response. before is the one at the
// end of the response before.
func (l *containerLog) endPartial(line rawLine, before partialLine, m mode, emit func(Line) error) error {
	rest := partialLine{key: l.position.key(line), line: line}
	if len(line.text) > shortLine {
		rest.line, rest.long = rawLine{}, true
	}
	if m == readFinal && before.key == rest.key {
		l.position.advance(line)
		return l.emitLine(line, emit)
	}
	l.rest = rest
	if m == readFinal {
		return errUnconfirmed
	}
	return nil
}

// emitLine emits a line. A nil emit skips it, and it does not count towards the limit.
func (l *containerLog) emitLine(raw rawLine, emit func(Line) error) error {
	if emit == nil {
		return nil
	}
	l.size += int64(len(raw.text)) + 1
	if l.limitReached = l.limit > 0 && l.size > l.limit; l.limitReached {
		return nil
	}
	line := l.line
	line.Time, line.Text = raw.time, raw.text
	l.order = latest(raw.time, l.order)
	return emit(line)
}

// podDeleted ends the reading of a log whose pod was deleted. A last line without a line feed will
// not get one.
func (l *containerLog) podDeleted(emit func(Line) error) error {
	rest := l.rest
	l.rest = partialLine{}
	l.missing = (!l.complete || rest.long) && !l.limitReached
	if rest.key == 0 || rest.long || l.limitReached {
		return nil
	}
	l.position.advance(rest.line)
	return l.emitLine(rest.line, emit)
}

// discard frees what only a further request would need.
func (l *containerLog) discard() {
	l.position.discard()
	l.rest = partialLine{}
}

// missingOf returns those of the logs that were not read to their ends.
func missingOf(logs []*containerLog) []Missing {
	var missing []Missing
	for _, l := range logs {
		if l.missing {
			missing = append(missing, Missing{Pod: l.line.Pod, Container: l.line.Container})
		}
	}
	return missing
}

// canReadAgain reports whether a log that could not be read because of err may be readable a little
// later. The API server answers with an internal error if it cannot reach a kubelet. A kubelet that
// fails to read a log answers 400.
func canReadAgain(err error) bool {
	var broken *brokenLogError
	var answer apierrors.APIStatus
	return errors.As(err, &broken) || fault.Transient(err) || apierrors.IsBadRequest(err) ||
		errors.As(err, &answer) && answer.Status().Code >= http.StatusInternalServerError
}
