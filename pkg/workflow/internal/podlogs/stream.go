package podlogs

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

const (
	// endGrace is how long the stream of a container that has ended may deliver nothing without
	// ending before the rest of the log is requested.
	endGrace = 2 * time.Second
	// deletedGrace is the same for a pod that was deleted, whose log cannot be requested again. A
	// kubelet checks every 5 s whether a container still runs.
	deletedGrace = 7 * time.Second
)

// followedPod is a pod whose containers are followed.
type followedPod struct {
	pod      *pod
	selected bool
	streams  []*stream
}

// abandon ends the streams of containers that have not ended. What they have written by now is read.
func (p *followedPod) abandon() {
	for _, s := range p.streams {
		s.finish(abandoned)
	}
}

// deleted ends the streams of a pod that was deleted. They still read what arrives.
func (p *followedPod) deleted() {
	for _, s := range p.streams {
		s.finish(podDeleted)
	}
}

// ending is why a stream ends. A later reason overrides an earlier one.
type ending int32

const (
	notEnding      ending = iota
	containerEnded        // the container will write no more
	abandoned             // the container did not end in time
	podDeleted            // no further request can succeed
)

// stream follows a container. Its coordinator owns it, except for what its own goroutine does.
type stream struct {
	coordinator *coordinator
	log         *containerLog // of the stream's goroutine once it has started
	initial     bool          // merge reads the log first
	started     bool          // its goroutine was started, or none is needed

	reason  atomic.Int32 // an ending
	cancel  context.CancelFunc
	request atomic.Pointer[request] // the one that follows; nil: none
}

func newStream(c *coordinator, log *containerLog, initial bool) *stream {
	return &stream{coordinator: c, log: log, initial: initial, cancel: func() {}}
}

// update starts or ends the stream according to the state of its container.
func (s *stream) update(ctx context.Context, p *pod) {
	for _, c := range p.containers {
		if c.name != s.log.line.Container {
			continue
		}
		if c.started && !s.started {
			s.start(ctx)
		}
		if c.ended {
			s.finish(containerEnded)
		}
	}
}

func (s *stream) start(ctx context.Context) {
	s.started = true
	s.coordinator.active++
	live, cancel := context.WithCancel(ctx)
	s.cancel = cancel
	s.coordinator.running.Go(func() { s.run(ctx, live) })
}

func (s *stream) ending() ending { return ending(s.reason.Load()) }

// finish ends the stream for a reason, unless it ends for one that overrides it.
func (s *stream) finish(reason ending) {
	if reason == abandoned && s.ending() != notEnding {
		return
	}
	s.reason.Store(int32(max(reason, s.ending())))
	s.cancel()
	if r := s.request.Load(); r != nil {
		r.check()
	}
}

// run reads the log to its end. live ends with the container.
func (s *stream) run(ctx, live context.Context) {
	err := s.readLines(ctx, live)
	if err != nil && ctx.Err() == nil {
		s.coordinator.fail(err)
	}
	select {
	case s.coordinator.done <- s.log:
	case <-ctx.Done():
	}
}

func (s *stream) readLines(ctx, live context.Context) error {
	if s.initial {
		select {
		case <-s.coordinator.backlogRead: // until then merge owns the log
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer s.log.discard()
	emit := func(line Line) error {
		select {
		case s.coordinator.lines <- heldLine{line: line, order: s.log.order}:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	p := s.log.client.pacer(time.Time{})
	for live.Err() == nil {
		began, before := time.Now(), s.log.size
		err := s.withSlot(ctx, func() error { return s.followOnce(ctx, live, emit) })
		switch {
		case s.log.limitReached:
			return nil
		case ctx.Err() != nil:
			return err
		case err != nil && !hasNoLog(err) && !canReadAgain(err):
			return err
		}
		if time.Since(began) > source.StableAfter || s.log.size > before {
			p = s.log.client.pacer(time.Time{})
		}
		p.Pause(live, err)
	}
	if s.ending() == podDeleted {
		return s.log.podDeleted(emit)
	}
	return s.withSlot(ctx, func() error { return s.log.readWritten(ctx, readFinal, emit) })
}

// withSlot calls read while it holds a slot for an open stream.
func (s *stream) withSlot(ctx context.Context, read func() error) error {
	if err := s.coordinator.open.acquire(ctx); err != nil {
		return err
	}
	defer s.coordinator.open.release()
	return read()
}

// followOnce sends one request, which lasts until the container or the connection ends, or another
// stream needs its slot.
func (s *stream) followOnce(ctx, live context.Context, emit func(Line) error) error {
	r := newRequest(ctx, readFollow, func() time.Duration { return s.silenceLimit(live) })
	s.request.Store(r)
	defer s.request.Store(nil)
	stop := context.AfterFunc(live, func() {
		if s.ending() == abandoned {
			r.cut(errPreempted)
		}
		r.check()
	})
	defer stop()
	defer s.yieldSlots(live, r)()
	err := s.log.readOnce(r, emit)
	if errors.Is(err, errPreempted) {
		return nil
	}
	return err
}

// silenceLimit is how long a request that follows may deliver nothing; 0: there is no limit.
func (s *stream) silenceLimit(live context.Context) time.Duration {
	switch {
	case s.ending() == podDeleted:
		return deletedGrace
	case live.Err() != nil:
		return endGrace
	}
	return 0
}

// yieldSlots cuts r off when another stream waits for a slot that s has held for a while, until the
// returned function is called. A container that has ended keeps its slots, since its pod may be
// deleted soon.
func (s *stream) yieldSlots(live context.Context, r *request) (stop func()) {
	ticker, done := time.NewTicker(timeSlice), make(chan struct{})
	s.coordinator.running.Go(func() {
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				wanted := s.coordinator.open.contended() || s.log.holdsSlot.Load() && s.coordinator.longLines.contended()
				if live.Err() == nil && wanted {
					r.cut(errPreempted)
				}
			}
		}
	})
	return func() { close(done) }
}
