package journal

import (
	"maps"
	"slices"
	"time"
)

const (
	// mostQueued is how many states, and how many requests, are kept until they are written, and mostTogether
	// how many are written in one transaction.
	mostQueued, mostTogether = 10_000, 500
	// mostBytes is how many bytes of states are kept with all of their parts. After that the states of
	// workflows that end are kept without nodes and outputs, in as many bytes again. bytesTogether is how many
	// are written in one transaction.
	mostBytes, bytesTogether = 64 << 20, 16 << 20
	// fresh is for how long a state that was stored need not be stored again when it is seen again.
	fresh = time.Minute
)

// entry is a state to store.
type entry struct {
	record // its object is nil once it is stored

	now      bool // not only with the next tick
	done     chan struct{}
	also     []chan struct{} // those of earlier states that this one has replaced
	storedAt time.Time
}

// isStored reports whether the state was stored.
func (e *entry) isStored() bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

// covers reports whether a state at p need not be queued. A state that was stored covers others only within
// some time: its record may be deleted since, and is kept from when it was recorded last. A state whose
// version can't be compared always is queued.
func (e *entry) covers(p point, within time.Duration) bool {
	return p.version != 0 && !p.after(e.point) && (!e.isStored() || time.Since(e.storedAt) < within)
}

// follow makes e the successor of a queued state.
func (e *entry) follow(replaced *entry) {
	e.also = slices.Concat(e.also, replaced.also, []chan struct{}{replaced.done})
	e.now = e.now || replaced.now
}

// send gives a request to the writer, which then runs it in any case, in the order in which they were sent.
func (j *Journal) send(r request) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.closing:
		return errClosed
	case len(j.asked) >= mostQueued:
		return errFull
	}
	j.asked = append(j.asked, r)
	j.wake()
	return nil
}

// requests takes at most mostTogether requests out of the queue. If more are left, the writer is woken again.
func (j *Journal) requests() []request {
	j.mu.Lock()
	defer j.mu.Unlock()
	taken := j.asked
	if len(taken) > mostTogether {
		taken = slices.Clone(taken[:mostTogether])
		j.asked = slices.Delete(j.asked, 0, mostTogether)
		j.wake()
	} else {
		j.asked = nil
	}
	return taken
}

// repeat keeps a request that has failed for repeatFailed. Of too many it keeps the first.
func (j *Journal) repeat(r request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.failed) < mostQueued {
		j.failed = append(j.failed, r)
	}
}

// repeatFailed queues the requests again that have failed.
func (j *Journal) repeatFailed() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.asked, j.failed = append(j.failed, j.asked...), nil
}

// crowded reports whether only the most important parts of states can be queued.
func (j *Journal) crowded() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes >= mostBytes
}

// enqueue queues a state, and returns its entry, or that of the same state or a later one.
func (j *Journal) enqueue(r record, now bool, within time.Duration) (*entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closing {
		return nil, errClosed
	}
	id := r.identity()
	if known := j.covering(id, r.point, now, within); known != nil {
		return known, nil
	}
	e := &entry{record: r, now: now, done: make(chan struct{})}
	bytes := j.bytes + len(r.object)
	replaced := j.queue[id]
	if replaced != nil {
		bytes -= len(replaced.object)
	}
	if bytes > 2*mostBytes || replaced == nil && len(j.queue) >= mostQueued {
		return nil, errFull
	}
	if replaced != nil {
		e.follow(replaced)
	}
	j.queue[id], j.latest[id], j.bytes = e, e, bytes
	if len(j.latest) > 2*mostQueued {
		maps.DeleteFunc(j.latest, func(_ identity, e *entry) bool { return e.isStored() })
	}
	if e.now {
		j.wake()
	}
	return e, nil
}

// covering returns the entry of a workflow that covers a state at p, and makes it urgent if now is set. It
// returns nil if there is none. The caller holds the lock.
func (j *Journal) covering(id identity, p point, now bool, within time.Duration) *entry {
	e := j.latest[id]
	if e == nil || !e.covers(p, within) {
		return nil
	}
	if now && !e.now && !e.isStored() {
		e.now = true
		j.wake()
	}
	return e
}

// wake has the writer write the requests, and the states that are urgent.
func (j *Journal) wake() {
	select {
	case j.wakes <- struct{}{}:
	default:
	}
}

// stored releases the callers that wait for a state.
func (j *Journal) stored(e *entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.object, e.storedAt = nil, time.Now()
	for _, done := range append(e.also, e.done) {
		close(done)
	}
	e.also = nil
}

// requeue puts a state back that could not be stored, unless a later one is queued by now.
func (j *Journal) requeue(e *entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.now = false // with the next tick
	if later := j.queue[e.identity()]; later != nil {
		later.follow(e)
		return
	}
	j.queue[e.identity()] = e
	j.bytes += len(e.object)
}

// urgentEntries takes the states out of the queue that should be stored at once.
func (j *Journal) urgentEntries() []*entry {
	return j.take(func(e *entry) bool { return e.now })
}

// entries takes states out of the queue.
func (j *Journal) entries() []*entry { return j.take(func(*entry) bool { return true }) }

// take takes as many states out of the queue as one transaction may have. If more are left, the writer is
// woken again. They are sorted, so that the transactions of two processes lock rows in the same order.
func (j *Journal) take(which func(*entry) bool) (taken []*entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	bytes := 0
	for id, e := range j.queue {
		if !which(e) {
			continue
		}
		if len(taken) == mostTogether || bytes >= bytesTogether {
			j.wake()
			break
		}
		taken = append(taken, e)
		bytes += len(e.object)
		delete(j.queue, id)
	}
	j.bytes -= bytes
	slices.SortFunc(taken, func(a, b *entry) int { return a.compare(b.record) })
	return taken
}
