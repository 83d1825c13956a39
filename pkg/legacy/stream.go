package legacy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

const (
	// emptyFor is how long the pipe of a command that has ended must return nothing to count as
	// empty. Everything that the command printed is in the pipe by then.
	emptyFor = 100 * time.Millisecond
	// pipeHolds is more than a pipe holds. What is read beyond it after the command has ended comes
	// from another process that has the pipe open.
	pipeHolds = 1 << 20
)

// stream is the output of a command, which stays in a pipe until it is read, even after the command
// has ended. Close ends the command and blocks until it has ended.
type stream struct {
	ctx    context.Context //nolint:containedctx // of the command, which lasts as long as the stream
	cancel context.CancelCauseFunc
	cmd    Command
	pipe   *os.File
	stderr *boundedBuffer
	most   int64 // bytes that may be read; no limit if negative

	done  chan struct{} // closed when the command has ended
	ended error         // nil if the command succeeded; set before done is closed

	brought atomic.Bool // something was read

	read int64
	rest int64 // bytes read since the command has ended
}

// start starts a command.
func (e *SubprocessExecutor) start(ctx context.Context, cmd Command) (*stream, error) {
	if err := e.slots.acquire(ctx, cmd.Unbounded); err != nil {
		err = fmt.Errorf("waiting for one of %d processes to end: %w", e.slots.all, err)
		return nil, &CommandError{Verb: verb(cmd), ReturnCode: -1, Err: err, NotSent: true}
	}
	s, err := e.startNow(ctx, cmd)
	if err != nil {
		e.slots.release(cmd.Unbounded)
		return nil, err
	}
	if cmd.Unbounded {
		go s.takeTurns(e.slots)
	}
	return s, nil
}

// startNow starts a command that has a slot, and returns the slot when the command has ended.
func (e *SubprocessExecutor) startNow(ctx context.Context, cmd Command) (*stream, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	reader, writer, err := os.Pipe()
	if err != nil {
		cancel(nil)
		return nil, notStarted(ctx, cmd, err)
	}
	s := &stream{
		ctx: ctx, cancel: cancel, cmd: cmd, pipe: reader, stderr: &boundedBuffer{most: maxStderr},
		most: e.opts.MaxOutput, done: make(chan struct{}),
	}
	if cmd.Unbounded {
		s.most = -1
	}
	process := e.command(ctx, cmd)
	process.Stdout, process.Stderr = writer, s.stderr
	err = process.Start()
	_ = writer.Close() // the command has its own
	if err != nil {
		err = notStarted(ctx, cmd, err)
		cancel(nil)
		_ = reader.Close()
		return nil, err
	}
	go func() {
		s.ended = ended(ctx, cmd, process.waitAndClean(), s.stderr.String())
		e.slots.release(cmd.Unbounded)
		_ = reader.SetReadDeadline(time.Now()) // wakes Read, which then reads the rest
		close(s.done)
	}()
	return s, nil
}

// Read implements [io.Reader]. The stream ends once the command has ended and everything that it
// printed has been read.
func (s *stream) Read(p []byte) (int, error) {
	for empty := 0; empty < 2; {
		over := s.over()
		if over {
			if s.ended != nil && s.ctx.Err() != nil && !s.madeRoom() || s.rest > pipeHolds {
				break // it was stopped, or everything that it printed has been read
			}
			_ = s.pipe.SetReadDeadline(time.Now().Add(emptyFor))
		}
		n, err := s.pipe.Read(p)
		switch {
		case n > 0:
			return s.count(n, over)
		case !errors.Is(err, os.ErrDeadlineExceeded):
			empty = 2
		case over: // twice, since this process may have been paused before it read
			empty++
		default:
			<-s.done
		}
	}
	<-s.done
	switch {
	case errors.Is(context.Cause(s.ctx), ErrOutputTooLarge):
		return 0, s.tooLarge()
	case s.ended != nil:
		return 0, s.ended
	}
	return 0, io.EOF
}

// over reports whether the command has ended.
func (s *stream) over() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// takeTurns ends the command when another stream has waited for its slot and it has had its time.
func (s *stream) takeTurns(p *slots) {
	tick := time.NewTicker(p.slice)
	defer tick.Stop()
	for slices := 1; ; slices++ {
		select {
		case <-s.done:
			return
		case <-tick.C:
		}
		if (s.brought.Load() || slices >= silentSlices) && p.yield() {
			s.cancel(errSlotNeeded)
			<-s.done
			p.yielded()
			return
		}
	}
}

// madeRoom reports whether the command was ended for another one.
func (s *stream) madeRoom() bool { return errors.Is(context.Cause(s.ctx), errSlotNeeded) }

// count counts bytes that were read, and ends a command that prints too many.
func (s *stream) count(n int, over bool) (int, error) {
	s.read += int64(n)
	s.brought.Store(true)
	if over {
		s.rest += int64(n)
	}
	if excess := s.read - s.most; s.most >= 0 && excess > 0 {
		s.cancel(ErrOutputTooLarge)
		return max(0, n-int(excess)), s.tooLarge()
	}
	return n, nil
}

func (s *stream) tooLarge() error {
	return &CommandError{Verb: verb(s.cmd), ReturnCode: -1, Err: ErrOutputTooLarge}
}

// Close implements [io.Closer].
func (s *stream) Close() error {
	s.cancel(nil)
	err := s.pipe.Close()
	<-s.done
	return err
}
