package pace

import (
	"context"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
)

// How far apart attempts are where the server doesn't ask for more, with jitter.
const (
	shortest = 50 * time.Millisecond
	// Longest is the longest such pause.
	Longest = 5 * time.Second
)

// Pacer spaces out the attempts of one call. The zero value is ready to use. It is not safe for
// concurrent use.
type Pacer struct {
	// Until is the time after which no attempt begins. Zero means that there is no such time.
	Until time.Time
	// Outage is shared by the calls of a client. nil means that outages are unknown.
	Outage *Outage
	// Retrying, if not nil, is called by Pause for an attempt that failed with err, when it will be
	// repeated after a delay.
	Retrying func(ctx context.Context, err error, after time.Duration)
	// Least, if not nil, returns how long the next pause is at least.
	Least func() time.Duration

	least   time.Duration // until the next attempt, before jitter; 0: none has failed
	renewed bool          // the credentials have had a chance to be renewed
}

// Again reports whether another attempt after err is worth it.
func (p *Pacer) Again(err error) bool {
	if fault.Transient(err) {
		p.Outage.Note()
		return true
	}
	if apierrors.IsUnauthorized(err) && !p.renewed {
		p.renewed = true // after this answer client-go asks a credential plugin again
		return true
	}
	return fault.Refused(err) && p.Outage.JustOver()
}

// Pause waits before the next attempt, after one that failed with err, if it did. It returns
// false at once if the next attempt would be too late, and false as soon as ctx ends.
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

// PauseSilently waits as Pause does, without a call of Retrying: what comes next is not the same
// attempt again.
func (p *Pacer) PauseSilently(ctx context.Context, err error) bool {
	delay, ok := p.delay(err)
	return ok && Sleep(ctx, delay) == nil
}

// delay is how long to wait until the next attempt; false: that would be too late.
func (p *Pacer) delay(err error) (time.Duration, bool) {
	p.least = min(max(shortest, 2*p.least), Longest*2/3)
	delay := p.least + rand.N(p.least/2)
	if p.Least != nil {
		delay = max(delay, p.Least())
	}
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
		delay = max(delay, time.Duration(seconds)*time.Second)
	}
	return delay, p.Until.IsZero() || !time.Now().Add(delay).After(p.Until)
}

// Do calls attempt until it succeeds, fails for good, or time is up. It is for requests that do
// no harm if they are sent twice.
func Do[T any](ctx context.Context, p *Pacer, attempt func() (T, error)) (T, error) {
	for {
		result, err := attempt()
		if err == nil || ctx.Err() != nil || !p.Again(err) || !p.Pause(ctx, err) {
			return result, Ended(ctx, err)
		}
	}
}
