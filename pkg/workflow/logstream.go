package workflow

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

const (
	// endGrace is how long the stream of a container that has ended may bring nothing, and not
	// end either, before the rest of the log is requested as such.
	endGrace = 2 * time.Second
	// goneGrace is the same where the pod was deleted, so that there is no other request. A
	// kubelet looks every 5 s whether a container still runs.
	goneGrace = 7 * time.Second
)

// followedPod is a pod whose containers are followed.
type followedPod struct {
	pod      *logPod
	selected bool
	streams  []*logStream
}

// logStream follows a container.
type logStream struct {
	source  *logSource
	started bool // there is a goroutine, or none is needed any more
	ended   bool // the container will write no more
	cancel  context.CancelFunc
	// deleted: there is no use in another request.
	deleted atomic.Bool
	// given up: it is not waited for until the container ends.
	givenUp atomic.Bool
	request atomic.Pointer[logRequest] // the one that follows; nil: none
}

// update takes in the present state of a pod. initial: it was there when the call began.
func (f *logFollower) update(ctx context.Context, pod *logPod, initial bool) {
	followed := f.pods[pod.uid]
	if followed == nil {
		followed = &followedPod{}
		f.pods[pod.uid] = followed
	}
	followed.pod = pod
	if !followed.selected {
		node, selected := f.filter.node(pod, f.nodes, f.over)
		if !selected {
			return
		}
		followed.selected = true
		for _, source := range f.client.logSources(pod, node, f.filter, initial) {
			source.long = f.long
			stream := &logStream{source: source, cancel: func() {}}
			followed.streams = append(followed.streams, stream)
			source.goesOn = true
			if initial {
				f.sources = append(f.sources, source)
				stream.started = source.state.ended
			}
		}
	}
	for _, stream := range followed.streams {
		stream.update(ctx, f, pod, initial)
	}
}

func (s *logStream) update(ctx context.Context, f *logFollower, pod *logPod, initial bool) {
	for _, state := range pod.containers {
		if state.name != s.source.line.Container {
			continue
		}
		if state.started && !s.started {
			s.started = true
			f.active++
			live, cancel := context.WithCancel(ctx)
			s.cancel = cancel
			f.running.Go(func() { f.stream(ctx, live, s, initial) })
		}
		if state.ended {
			s.end()
		}
	}
}

// end ends the stream: no more is written than there is.
func (s *logStream) end() {
	s.ended = true
	s.cancel()
	if r := s.request.Load(); r != nil {
		r.check()
	}
}

// giveUp ends the streams of containers that have not ended. What they have written by now is
// read.
func (p *followedPod) giveUp() {
	for _, stream := range p.streams {
		if !stream.ended {
			stream.givenUp.Store(true)
			stream.end()
		}
	}
}

// gone ends the streams of a pod that was deleted. What they still get they pass on.
func (p *followedPod) gone() {
	for _, stream := range p.streams {
		stream.deleted.Store(true)
		stream.end()
	}
}

// stream reads one container to its end. live ends with the container.
func (f *logFollower) stream(ctx, live context.Context, s *logStream, initial bool) {
	err := f.read(ctx, live, s, initial)
	if err != nil && ctx.Err() == nil {
		f.fail(err)
	}
	select {
	case f.done <- s.source:
	case <-ctx.Done():
	}
}

func (f *logFollower) read(ctx, live context.Context, s *logStream, initial bool) error {
	if initial {
		select {
		case <-f.past: // until then the source belongs to mergeLogs
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer s.source.forget()
	emit := func(line LogLine) error {
		select {
		case f.lines <- heldLine{line: line, order: s.source.order}:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	p := newPacer(time.Time{})
	for live.Err() == nil {
		began, before := time.Now(), s.source.size
		err := f.inTurn(ctx, func() error { return s.followOnce(ctx, live, f, emit) })
		switch {
		case s.source.reached:
			return nil
		case ctx.Err() != nil:
			return err
		case err != nil && !noLog(err) && !readAgain(err):
			return err
		}
		if time.Since(began) > steady || s.source.size > before {
			p = newPacer(time.Time{})
		}
		p.Pause(live, err)
	}
	if s.deleted.Load() {
		return s.source.podGone(emit)
	}
	return f.inTurn(ctx, func() error { return s.source.past(ctx, true, emit) })
}

// inTurn makes requests when a stream may be open for them.
func (f *logFollower) inTurn(ctx context.Context, requests func() error) error {
	if err := f.streams.take(ctx); err != nil {
		return err
	}
	defer f.streams.give()
	return requests()
}

// followOnce makes one request that lasts as long as the container does, or the connection, or
// until another stream needs its place.
func (s *logStream) followOnce(ctx, live context.Context, f *logFollower, emit func(LogLine) error) error {
	r := makeLogRequest(ctx, &logRequest{follow: true, limit: func() time.Duration { return s.patience(live) }})
	s.request.Store(r)
	defer s.request.Store(nil)
	stop := context.AfterFunc(live, func() {
		if s.givenUp.Load() {
			r.cut(errTurn)
		}
		r.check()
	})
	defer stop()
	defer s.yieldTo(f, live, r)()
	err := s.source.request(r, emit)
	if errors.Is(err, errTurn) {
		return nil
	}
	return err
}

// patience is how long the stream may bring nothing; 0: there is no limit.
func (s *logStream) patience(live context.Context) time.Duration {
	switch {
	case s.deleted.Load():
		return goneGrace
	case live.Err() != nil:
		return endGrace
	}
	return 0
}

// yieldTo cuts a request off when others wait for what it has had for a while, until the
// function that it returns is called. A container that has ended is read on: its pod may be
// deleted soon.
func (s *logStream) yieldTo(f *logFollower, live context.Context, r *logRequest) (stop func()) {
	ticker, done := time.NewTicker(turnFor), make(chan struct{})
	f.running.Go(func() {
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				if live.Err() == nil && (f.streams.wanted() || s.source.holds.Load() && f.long.wanted()) {
					r.cut(errTurn)
				}
			}
		}
	})
	return func() { close(done) }
}
