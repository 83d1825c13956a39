package workflow

import (
	"context"
	"sync/atomic"
	"time"
)

// endGrace is how long the stream of a container that has ended may take to end by itself,
// before the rest of the log is requested as such.
const endGrace = 2 * time.Second

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
}

// gone ends the streams of a pod that was deleted, or is not waited for any longer.
func (p *followedPod) gone(there bool) {
	for _, stream := range p.streams {
		if !there {
			stream.deleted.Store(true)
		}
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
	case f.done <- struct{}{}:
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
		err := s.followOnce(ctx, live, emit)
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
		return nil
	}
	return s.source.past(ctx, true, emit)
}

// followOnce makes one request that lasts as long as the container does, or the connection.
func (s *logStream) followOnce(ctx, live context.Context, emit func(LogLine) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(live, func() { time.AfterFunc(endGrace, cancel) })
	defer stop()
	err := s.source.request(ctx, true, false, emit)
	if ctx.Err() != nil { // the rest is requested as such
		return &cutLogError{err: ctx.Err()}
	}
	return err
}
