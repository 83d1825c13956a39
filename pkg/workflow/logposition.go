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
	// seen counts the lines of the last seconds.
	seen map[int64]map[uint64]int
}

// Lines that are out of order by less than this are neither lost nor repeated.
const logDisorder = 1 // seconds

func newLogPosition(from time.Time) *logPosition {
	return &logPosition{from: from, seed: maphash.MakeSeed(), seen: map[int64]map[uint64]int{}}
}

// note counts a line as read.
func (p *logPosition) note(line rawLine) {
	if line.time.IsZero() {
		return // the kubelet's own; it is not in the log
	}
	second := line.time.Unix()
	p.last = line.time
	if p.seen[second] == nil {
		p.seen[second] = map[uint64]int{}
		for old := range p.seen {
			if old < second-2*logDisorder {
				delete(p.seen, old)
			}
		}
	}
	p.seen[second][p.key(line)]++
}

// forget lets go of the lines, when no further request will be made.
func (p *logPosition) forget() { p.seen = map[int64]map[uint64]int{} }

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
	first := p.last.Unix() - logDisorder
	for second, keys := range p.seen {
		if second < first {
			continue
		}
		for key, n := range keys {
			again.left[key] += n
		}
	}
	since = time.Unix(first, 0)
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
	return true
}
