package pace

import (
	"sync/atomic"
	"time"
)

// Outage is when the API server was last away. The zero value is ready to use, and a nil one is
// never over. It is safe for concurrent use.
type Outage struct{ last atomic.Pointer[time.Time] }

// Note records that the API server is away now.
func (o *Outage) Note() {
	if o != nil {
		o.last.Store(new(time.Now()))
	}
}

// JustOver reports whether the API server may have come back so shortly ago that it refuses
// what it will grant in a moment: it serves requests before it knows all roles and accounts.
func (o *Outage) JustOver() bool {
	const settled = 10 * time.Second
	if o == nil {
		return false
	}
	last := o.last.Load()
	return last != nil && time.Since(*last) < settled
}
