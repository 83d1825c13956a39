package workflow

import (
	"context"
	"errors"
	"io"
	"time"
)

// silentFor is how long a request for what a log has by now may bring nothing. A kubelet
// answers such a request from a file, so by then the connection has stalled somewhere.
const silentFor = time.Minute

var errSilent = errors.New("nothing came for " + silentFor.String())

// openBounded opens the log. Unless it is followed, which may well be without news, the
// request breaks off when nothing comes for silentFor.
func (s *logSource) openBounded(ctx context.Context, query logQuery) (io.ReadCloser, error) {
	if query.follow {
		return s.open(ctx, query)
	}
	own, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(silentFor, func() { cancel(errSilent) })
	body, err := s.open(own, query)
	timer.Stop()
	silent := func() bool { return errors.Is(context.Cause(own), errSilent) }
	if err == nil {
		return &boundedBody{ReadCloser: body, timer: timer, silent: silent, cancel: cancel}, nil
	}
	defer cancel(nil)
	if silent() {
		return nil, &cutLogError{err: errSilent}
	}
	return nil, err
}

// boundedBody is a body of which each read takes silentFor at most. The time between the
// reads, while the consumer of the lines is busy, doesn't count.
type boundedBody struct {
	io.ReadCloser
	timer  *time.Timer
	silent func() bool // the timer has ended the request
	cancel context.CancelCauseFunc
}

func (b *boundedBody) Read(p []byte) (int, error) {
	b.timer.Reset(silentFor)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop()
	if err != nil && !errors.Is(err, io.EOF) && b.silent() {
		return n, errSilent
	}
	return n, err
}

func (b *boundedBody) Close() error {
	b.timer.Stop()
	b.cancel(nil)
	return b.ReadCloser.Close()
}
