package source

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
)

// BoundRequests moves the timeout of cfg from client-go into the transport. client-go reports its
// own timeout, depending on which of its two timers fires first, as the end of a context, which
// cannot be told from the end of the caller's.
func BoundRequests(cfg *rest.Config) {
	timeout := cfg.Timeout
	cfg.Timeout = 0
	if timeout > 0 {
		cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
			return &boundedTransport{next: next, timeout: timeout}
		})
	}
}

// boundedTransport ends each request, including the body of its answer, after a timeout.
type boundedTransport struct {
	next    http.RoundTripper
	timeout time.Duration
}

// RoundTrip implements [http.RoundTripper].
func (t *boundedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(req.Context(), t.timeout, errRequestTimeout)
	resp, err := t.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		err = timedOut(ctx, err)
		cancel()
		return nil, err
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, ctx: ctx, cancel: cancel}
	return resp, nil
}

// boundedBody is the body of an answer that came through a boundedTransport.
type boundedBody struct {
	io.ReadCloser

	ctx    context.Context //nolint:containedctx // the request's, which lasts as long as the body
	cancel context.CancelFunc
}

// Read implements [io.Reader].
func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	return n, timedOut(b.ctx, err)
}

// Close implements [io.Closer].
func (b *boundedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// timedOut returns a requestTimeoutError for an error that the timeout has caused.
func timedOut(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, io.EOF) || !errors.Is(context.Cause(ctx), errRequestTimeout) {
		return err
	}
	return requestTimeoutError{unsent: fault.Unsent(err)}
}

// errRequestTimeout is a [net.Error], like the timeout of net/http.
var errRequestTimeout error = requestTimeoutError{}

type requestTimeoutError struct{ unsent bool }

func (e requestTimeoutError) Error() string {
	if e.unsent {
		return "not sent within the client's timeout"
	}
	return "no complete answer within the client's timeout"
}

// Unsent reports whether nothing was sent, so that a write has not happened.
func (e requestTimeoutError) Unsent() bool { return e.unsent }

// Timeout implements [net.Error].
func (requestTimeoutError) Timeout() bool { return true }

// Temporary implements [net.Error].
func (requestTimeoutError) Temporary() bool { return true }
