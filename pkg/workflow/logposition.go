package workflow

import (
	"hash/maphash"
	"time"
)

// logPosition is how far a container's log was read, so that a further request can go on
// from there. The API takes the time to begin with in whole seconds, so lines come
// again; those are told by their time and text, and by how often they were there. That also
// holds where lines are not quite in the order of their times, as those of a container's
// two output streams can be.
type logPosition struct {
	last time.Time // of the last line that had one; zero: none
	from time.Time // what is older was left out on purpose
	seed maphash.Seed
	// recent are the lines of the last seconds, as they were read, and dropped is the latest time of
	// those that there was no room for.
	recent  []recentLine
	dropped time.Time
}

// recentLine stands for a line that was read.
type recentLine struct {
	at  int64 // in nanoseconds
	key uint64
}

const (
	// Lines that are out of order by less than logDisorder are neither lost nor repeated, if
	// there are no more than recentLines between them.
	logDisorder = time.Second
	recentLines = 4096 // of 16 bytes
)

func newLogPosition(from time.Time) *logPosition {
	return &logPosition{from: from, seed: maphash.MakeSeed()}
}

// note counts a line as read.
func (p *logPosition) note(line rawLine) {
	if line.time.IsZero() {
		return // the kubelet's own; it is not in the log
	}
	p.last = line.time
	p.recent = append(p.recent, recentLine{at: line.time.UnixNano(), key: p.key(line)})
	oldest := p.last.Truncate(time.Second).Add(-2 * logDisorder).UnixNano()
	for len(p.recent) > 0 && p.recent[0].at < oldest {
		p.recent = p.recent[1:]
	}
	if len(p.recent) > recentLines {
		p.dropped = later(p.dropped, time.Unix(0, p.recent[0].at))
		p.recent = p.recent[1:]
	}
}

// forget lets go of the lines, when no further request will be made.
func (p *logPosition) forget() { p.recent = nil }

func (p *logPosition) key(line rawLine) uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	maphash.WriteComparable(&h, line.time.UnixNano())
	// A hash never fails to take what is written.
	_, _ = h.WriteString(line.text)
	return h.Sum64()
}

// resume returns the time to go on from, zero if that is the beginning, and what tells the
// lines that come again.
func (p *logPosition) resume() (since time.Time, again *repeats) {
	again = &repeats{position: p, from: p.from, left: map[uint64]int{}, cut: true}
	if p.last.IsZero() {
		again.cut = !p.from.IsZero()
		return p.from, again
	}
	since = p.last.Truncate(time.Second).Add(-logDisorder)
	for _, line := range p.recent {
		if line.at >= since.UnixNano() {
			again.left[line.key]++
		}
	}
	again.dropped, again.last = p.dropped, p.last
	if since.After(p.from) {
		again.from = since // not every server heeds the time it is asked for
	}
	return since, again
}

// repeats tells the lines of one request that were read before.
type repeats struct {
	position *logPosition
	from     time.Time
	cut      bool // the request is for what was written since a time
	left     map[uint64]int
	began    bool

	last, dropped time.Time // the position's, when the request began
}

// isNew reports whether the line was not read before, and is not left out on purpose.
func (r *repeats) isNew(line rawLine) bool {
	first := !r.began
	r.began = true
	if line.time.IsZero() {
		// A kubelet that is asked for lines since a time goes by the parts that the container
		// runtime has cut a long line into. Where only the last parts are new enough, they
		// come first, and without a time.
		return !first || !r.cut
	}
	if line.time.Before(r.from) {
		return false
	}
	key := r.position.key(line)
	if r.left[key] > 0 {
		r.left[key]--
		return false
	}
	// What the position has no room for was read before the last line.
	return line.time.After(r.dropped) || !line.time.Before(r.last)
}
