package pace

import (
	"context"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
)

// The pauses between attempts, with jitter, unless the server asks for longer ones.
const (
	shortest = 50 * time.Millisecond
	// Longest is the longest pause.
	Longest = 5 * time.Second
	// longestAfterConflict is the longest pause after a conflict: the server works, and what has to be
	// hit is the moment between two writes of others.
	longestAfterConflict = 300 * time.Millisecond
)

// Pacer spaces out the attempts of one call. The zero value is ready to use. It is not safe for
// concurrent use.
type Pacer struct {
	// Until is the time after which no attempt begins. Zero means no limit.
	Until time.Time
	// Outage is shared by the calls of a client. nil means that outages are unknown.
	Outage *Outage
	// Retrying, if not nil, is called by Pause for an attempt that failed with err, when it will be
	// repeated after a delay.
	Retrying func(ctx context.Context, err error, after time.Duration)
	// Least, if not nil, returns the minimum of the next pause.
	Least func() time.Duration

	least   time.Duration // the last pause without jitter; 0 before the first one
	renewed bool          // the credentials had a chance to be renewed
}

// Retryable reports whether another attempt after err is worthwhile, and records outages.
func (p *Pacer) Retryable(err error) bool {
	if fault.Transient(err) {
		p.Outage.Record()
		return true
	}
	if apierrors.IsUnauthorized(err) && !p.renewed {
		p.renewed = true // after this answer client-go asks a credential plugin again
		return true
	}
	return fault.Refused(err) && p.Outage.JustOver()
}

// Pause blocks until the next attempt. err is the error of the last attempt, or nil. Pause returns
// false immediately if the next attempt would be too late, and as soon as ctx ends.
func (p *Pacer) Pause(ctx context.Context, err error) bool {
	delay, ok := p.delay(err)
	if !ok {
		return false
	}
	if err != nil && ctx.Err() == nil && p.Retrying != nil {
		p.Retrying(ctx, err, delay)
	}
	return Sleep(ctx, delay) == nil
}

// PauseSilently is like Pause without the call of Retrying: the next attempt is not a repetition.
func (p *Pacer) PauseSilently(ctx context.Context, err error) bool {
	delay, ok := p.delay(err)
	return ok && Sleep(ctx, delay) == nil
}

// delay returns how long to wait until the next attempt. It returns false if that is too late.
func (p *Pacer) delay(err error) (time.Duration, bool) {
	longest := Longest
	if apierrors.IsConflict(err) {
		longest = longestAfterConflict
	}
	p.least = min(max(shortest, 2*p.least), longest*2/3)
	delay := p.least + rand.N(p.least/2)
	if p.Least != nil {
		delay = max(delay, p.Least())
	}
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
		delay = max(delay, time.Duration(seconds)*time.Second)
	}
	return delay, p.Until.IsZero() || !time.Now().Add(delay).After(p.Until)
}

// Do calls attempt until it succeeds, fails with an error that is not worth another attempt, or the
// time is up. Use it for requests that can be sent twice without harm.
func Do[T any](ctx context.Context, p *Pacer, attempt func() (T, error)) (T, error) {
	for {
		result, err := attempt()
		if err == nil || ctx.Err() != nil || !p.Retryable(err) || !p.Pause(ctx, err) {
			return result, Ended(ctx, err)
		}
	}
}
