package workflow

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
)

// pacer spaces out attempts: jittered, from 50 ms up to 5 s apart, or what the server asks
// for.
type pacer struct {
	backoff wait.Backoff
	until   time.Time // no attempt begins after it; zero: no such time
	outage  *outage   // of the API server, as far as the client has noticed; nil: unknown
	renewed bool      // the credentials have had a chance to be renewed
}

// outage is when the API server was last away.
type outage struct{ last atomic.Pointer[time.Time] }

func (o *outage) note() {
	if o != nil {
		o.last.Store(new(time.Now()))
	}
}

// justOver reports whether the API server may have come back so shortly ago that it refuses
// what it will grant in a moment: it serves requests before it knows all roles and accounts.
func (o *outage) justOver() bool {
	const settled = 10 * time.Second
	if o == nil {
		return false
	}
	last := o.last.Load()
	return last != nil && time.Since(*last) < settled
}

func newPacer(until time.Time) *pacer {
	return &pacer{until: until, backoff: wait.Backoff{
		Duration: 50 * time.Millisecond, Factor: 2, Jitter: 0.5, Cap: 5 * time.Second, Steps: math.MaxInt32,
	}}
}

func (c *WorkflowClient) pacer() *pacer {
	p := newPacer(time.Now().Add(c.retryFor))
	p.outage = c.outage
	return p
}

// again reports whether another attempt after err is worth it.
func (p *pacer) again(err error) bool {
	if transient(err) {
		p.outage.note()
		return true
	}
	if apierrors.IsUnauthorized(err) && !p.renewed {
		p.renewed = true // after this answer client-go asks a credential plugin again
		return true
	}
	return (apierrors.IsUnauthorized(err) || apierrors.IsForbidden(err)) && p.outage.justOver()
}

// pause waits before the next attempt, after one that failed with err, if it did. It returns false at
// once if the next attempt would be too late, and false as soon as ctx ends.
func (p *pacer) pause(ctx context.Context, err error) bool {
	delay, ok := p.delay(err)
	if !ok {
		return false
	}
	if err != nil && ctx.Err() == nil {
		note(ctx, func(c Call) Event {
			return Retrying{Op: c.Op, Backend: c.Backend, Namespace: c.Namespace, Name: c.Name, Err: err, After: delay}
		})
	}
	return sleep(ctx, delay) == nil
}

// rest waits as pause does, and tells nobody: what comes next is not the same attempt again.
func (p *pacer) rest(ctx context.Context, err error) bool {
	delay, ok := p.delay(err)
	return ok && sleep(ctx, delay) == nil
}

// delay is how long to wait until the next attempt; false: that would be too late.
func (p *pacer) delay(err error) (time.Duration, bool) {
	delay := p.backoff.Step()
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
		delay = max(delay, time.Duration(seconds)*time.Second)
	}
	return delay, p.until.IsZero() || !time.Now().Add(delay).After(p.until)
}

// sleep waits for d; ctx's end is an error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return interruption(ctx, nil)
	}
}

// read calls attempt until it succeeds, fails for good, or time is up. For requests that
// change nothing only.
func read[T any](ctx context.Context, p *pacer, attempt func() (T, error)) (T, error) {
	for {
		result, err := attempt()
		if err == nil || ctx.Err() != nil || !p.again(err) || !p.pause(ctx, err) {
			return result, ended(ctx, err)
		}
	}
}

// ended puts the end of ctx, if it has ended, before the error that this made for.
func ended(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	return interruption(ctx, err)
}

// interruption is the error of a call whose context has ended; last is what it met before.
func interruption(ctx context.Context, last error) error {
	return &interrupted{cause: context.Cause(ctx), ended: ctx.Err(), last: last}
}

// interrupted is the error of a call whose context ended: it unwraps to the context's
// cause, matches the context's Err, and its text also has what the last attempt met.
type interrupted struct {
	cause, ended, last error
}

func (e *interrupted) Error() string {
	if e.last == nil || e.last.Error() == e.cause.Error() {
		return e.cause.Error()
	}
	return e.cause.Error() + " (last attempt: " + e.last.Error() + ")"
}

func (e *interrupted) Unwrap() error { return e.cause }

// Is makes [errors.Is] match the context's Err.
func (e *interrupted) Is(target error) bool { return target == e.ended }
