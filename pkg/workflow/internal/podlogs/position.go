package podlogs

import (
	"hash/maphash"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// position is how far a container's log has been read, so that a further request can continue from
// there. The API takes the time to start from in whole seconds, so it serves some lines again.
// Those are recognized by their time and text, and by how often they occurred, even if lines are
// not quite in the order of their times: the two output streams of a container may overtake each
// other.
type position struct {
	last time.Time // of the last line that had one; zero: none
	from time.Time // older lines are excluded
	seed maphash.Seed
	// recent are the lines of the last seconds in the order in which they were read, and dropped
	// is the latest time of those that did not fit.
	recent  []recentLine
	dropped time.Time
}

// recentLine stands for a line that has been read.
type recentLine struct {
	at  int64 // in nanoseconds
	key uint64
}

const (
	// Lines that are out of order by less than maxDisorder are neither lost nor repeated if at
	// most maxRecent lines are between them.
	maxDisorder = time.Second
	maxRecent   = 4096 // of 16 bytes
)

func newPosition(from time.Time) *position {
	return &position{from: from, seed: maphash.MakeSeed()}
}

// advance records that a line has been read.
func (p *position) advance(line rawLine) {
	if line.time.IsZero() {
		return // it cannot be found again
	}
	p.last = line.time
	p.recent = append(p.recent, recentLine{at: line.time.UnixNano(), key: p.key(line)})
	oldest := p.last.Truncate(time.Second).Add(-2 * maxDisorder).UnixNano()
	for len(p.recent) > 0 && p.recent[0].at < oldest {
		p.recent = p.recent[1:]
	}
	if len(p.recent) > maxRecent {
		p.dropped = latest(p.dropped, time.Unix(0, p.recent[0].at))
		p.recent = p.recent[1:]
	}
}

// discard frees what only a further request would need.
func (p *position) discard() { p.recent = nil }

func (p *position) key(line rawLine) uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	maphash.WriteComparable(&h, line.time.UnixNano())
	_, _ = h.WriteString(line.text) // never fails
	return h.Sum64()
}

// resume returns the time to request lines from, and what recognizes the lines that are served
// again. The zero time is the beginning of the log.
func (p *position) resume() (since time.Time, again *overlap) {
	again = &overlap{position: p, from: p.from, left: map[uint64]int{}, partial: true}
	if p.last.IsZero() {
		again.partial = !p.from.IsZero()
		return p.from, again
	}
	since = p.last.Truncate(time.Second).Add(-maxDisorder)
	for _, line := range p.recent {
		if line.at >= since.UnixNano() {
			again.left[line.key]++
		}
	}
	again.dropped, again.last = p.dropped, p.last
	if since.After(p.from) {
		again.from = since // not every server respects the requested time
	}
	return since, again
}

// overlap recognizes the lines of one request that have been read before.
type overlap struct {
	position *position
	from     time.Time
	partial  bool // the request is for the lines since a time
	left     map[uint64]int
	began    bool

	last, dropped time.Time // of the position when the request began
}

// isNew reports whether a line has not been read before and is not excluded.
func (o *overlap) isNew(line rawLine) bool {
	first := !o.began
	o.began = true
	if line.time.IsZero() {
		// The container runtime splits a long line into parts. A kubelet that is asked for the
		// lines since a time selects parts, not lines. If only the last parts of a line are new
		// enough, they come first, and without a time.
		return !first || !o.partial
	}
	if line.time.Before(o.from) {
		return false
	}
	key := o.position.key(line)
	if o.left[key] > 0 {
		o.left[key]--
		return false
	}
	// A line that was dropped from recent had been read before the last one.
	return line.time.After(o.dropped) || !line.time.Before(o.last)
}

// readError returns the error that a response ended with instead of the rest of the log, or nil. A
// kubelet that fails to read a log has already answered 200, and writes its error behind the lines:
// without a time, although times were asked for, and without a line feed. line is what follows the
// last line feed of the response; continued says that it continues a piece of a long line.
//
// The error is the answer that the kubelet meant to give.
func (o *overlap) readError(line rawLine, continued bool) error {
	const most = 1000 // bytes that are shown
	switch {
	case line.text == "", !line.time.IsZero(), continued, isCutTime(line.text):
		return nil
	case !o.began && o.partial && !isReadError(line.text):
		return nil // the last part of a long line, see isNew
	}
	return apierrors.NewBadRequest(strings.ToValidUTF8(line.text[:min(len(line.text), most)], ""))
}

// isReadError reports whether a text begins as the errors of ReadLogs in Kubernetes'
// cri-client/pkg/logs/logs.go, and of its callers in a kubelet.
func isReadError(text string) bool {
	return slices.ContainsFunc([]string{"failed to ", "unable to retrieve container logs for ", "rpc error: "},
		func(start string) bool { return strings.HasPrefix(text, start) })
}

// latest returns the later one of two times.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
