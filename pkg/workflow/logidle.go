package workflow

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// silentFor is how long a request for what a log has by now may bring nothing. A kubelet
// answers such a request from a file, so by then the connection has stalled somewhere.
const silentFor = time.Minute

// What a request for a log can be cut off for, beside the end of its caller's context.
var (
	errSilent = errors.New("nothing came for too long")
	errTurn   = errors.New("the rest is requested later")
)

// logRequest is one request for a container's log. It is cut off when nothing comes for as
// long as limit says. The time while the consumer of the lines is busy does not count.
type logRequest struct {
	ctx           context.Context //nolint:containedctx // the request's own, which its body lasts as long as
	cut           context.CancelCauseFunc
	follow, final bool
	limit         func() time.Duration // 0: none; it may change

	mu      sync.Mutex
	reading time.Time // since when something is awaited; zero: nothing is
	timer   *time.Timer
}

// newLogRequest makes a request for what a log has by now. final: nothing more will be written.
func newLogRequest(ctx context.Context, final bool) *logRequest {
	return makeLogRequest(ctx, &logRequest{final: final, limit: func() time.Duration { return silentFor }})
}

func makeLogRequest(ctx context.Context, r *logRequest) *logRequest {
	r.ctx, r.cut = context.WithCancelCause(ctx)
	r.timer = time.AfterFunc(time.Hour, r.check)
	r.timer.Stop()
	return r
}

// close ends the request.
func (r *logRequest) close() {
	r.await(false)
	r.cut(nil)
}

// await says whether something is awaited from now on.
func (r *logRequest) await(something bool) {
	r.mu.Lock()
	r.reading = time.Time{}
	if something {
		r.reading = time.Now()
	}
	r.mu.Unlock()
	r.check()
}

// check cuts the request off if nothing has come for too long, else it looks again later.
func (r *logRequest) check() {
	r.mu.Lock()
	defer r.mu.Unlock()
	limit := r.limit()
	if r.reading.IsZero() || limit == 0 {
		r.timer.Stop()
		return
	}
	if left := limit - time.Since(r.reading); left > 0 {
		r.timer.Reset(left)
		return
	}
	r.cut(errSilent)
}

// failure is the error of a request that was cut off, or else err.
func (r *logRequest) failure(err error) error {
	cause := context.Cause(r.ctx)
	if errors.Is(cause, errSilent) || errors.Is(cause, errTurn) {
		return &cutLogError{err: cause}
	}
	return err
}

// open opens the log.
func (r *logRequest) open(open logOpener, query logQuery) (io.ReadCloser, error) {
	r.await(true)
	body, err := open(r.ctx, query)
	r.await(false)
	if err != nil {
		return nil, r.failure(err)
	}
	return &logBody{ReadCloser: body, request: r}, nil
}

// logBody is the body of a request.
type logBody struct {
	io.ReadCloser

	request *logRequest
}

// Read implements [io.Reader].
func (b *logBody) Read(p []byte) (int, error) {
	b.request.await(true)
	n, err := b.ReadCloser.Read(p)
	b.request.await(false)
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.request.failure(err)
	}
	return n, err
}
