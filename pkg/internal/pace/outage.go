package pace

import (
	"sync/atomic"
	"time"
)

// Outage records when the API server was last unavailable. The zero value is ready to use. A nil
// Outage records nothing. It is safe for concurrent use.
type Outage struct{ last atomic.Pointer[time.Time] }

// Record records that the API server is unavailable now.
func (o *Outage) Record() {
	if o != nil {
		o.last.Store(new(time.Now()))
	}
}

// JustOver reports whether the API server was unavailable in the last seconds. It may then refuse
// what it will grant soon, since it serves requests before it knows all roles and accounts.
func (o *Outage) JustOver() bool {
	const unsettled = 10 * time.Second
	if o == nil {
		return false
	}
	last := o.last.Load()
	return last != nil && time.Since(*last) < unsettled
}
