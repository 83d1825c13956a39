package podlogs

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// silenceTimeout is how long a request for what has been written may deliver nothing. A kubelet
// answers it from a file, so after that time a connection on the way has stalled.
const silenceTimeout = time.Minute

// Why a request is cut off, other than by the end of its caller's context.
var (
	errSilent    = errors.New("no data for too long")
	errPreempted = errors.New("another log needs the connection")
)

// mode is what a request for a log is for.
type mode int

const (
	readSoFar  mode = iota // what has been written, of a container that may write more
	readFinal              // what has been written, of a container that writes no more
	readFollow             // what has been written, and what will be until the container ends
)

// request is one request for a container's log. It is cut off if it delivers nothing for as long
// as limit says. The time during which the consumer is busy does not count.
type request struct {
	ctx   context.Context //nolint:containedctx // that of the HTTP request, which lasts as long as the body
	cut   context.CancelCauseFunc
	mode  mode
	limit func() time.Duration // 0: none; it may change

	mu      sync.Mutex
	reading time.Time // when the present read began; zero: none is in progress
	timer   *time.Timer
}

func newRequest(ctx context.Context, m mode, limit func() time.Duration) *request {
	r := &request{mode: m, limit: limit}
	r.ctx, r.cut = context.WithCancelCause(ctx)
	r.timer = time.AfterFunc(time.Hour, r.check)
	r.timer.Stop()
	return r
}

func (r *request) close() {
	r.setReading(false)
	r.cut(nil)
}

// setReading starts or stops the time that counts as silence.
func (r *request) setReading(reading bool) {
	r.mu.Lock()
	r.reading = time.Time{}
	if reading {
		r.reading = time.Now()
	}
	r.mu.Unlock()
	r.check()
}

// check cuts the request off if it has been silent for too long. Otherwise it schedules the next
// check. It must be called when the limit has changed.
func (r *request) check() {
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

// failure returns why the request was cut off, or err if it was not.
func (r *request) failure(err error) error {
	cause := context.Cause(r.ctx)
	if errors.Is(cause, errSilent) || errors.Is(cause, errPreempted) {
		return &brokenLogError{err: cause}
	}
	return err
}

// open sends the request.
func (r *request) open(open opener, q query) (io.ReadCloser, error) {
	r.setReading(true)
	body, err := open(r.ctx, q)
	r.setReading(false)
	if err != nil {
		return nil, r.failure(err)
	}
	return &requestBody{ReadCloser: body, request: r}, nil
}

type requestBody struct {
	io.ReadCloser

	request *request
}

// Read implements [io.Reader].
func (b *requestBody) Read(p []byte) (int, error) {
	b.request.setReading(true)
	n, err := b.ReadCloser.Read(p)
	b.request.setReading(false)
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.request.failure(err)
	}
	return n, err
}
