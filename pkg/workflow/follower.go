package workflow

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// follower is one call that follows a workflow: the hub puts in what the server delivers, the
// call takes it out at its own pace.
type follower struct {
	topic  *topic
	joined uint64 // the how-manieth call it is
	// source is the feed that the call knows to have been there before it has read, and epoch the
	// feed's at that time. doubt is a list that may be of a later version than what it has read, and
	// watching that what it needs to know comes in. Guarded by the hub's lock.
	source   *feed
	epoch    uint64
	doubt    *feedRead
	watching bool
	wake     chan struct{} // has room for one: there is something to take out

	mu      sync.Mutex
	begun   bool      // the call has read the workflow; what came before waits in queue
	uid     types.UID // of the workflow it follows
	version string    // of the newest state taken in
	queue   []news    // in order, not taken out yet
	end     error     // nothing comes after the queue
}

// news is something to tell a follower.
type news struct {
	*snapshot      // nil: the workflow is not in a list
	gone      bool // with this state, or before, it was deleted
	// doubtful: or it has only left those that the watch is for, which go by labels, with that
	// version.
	doubtful string
	// list is what has brought it; nil: it is an event, which can be late.
	list *feedRead
	// arrived is when the snapshot had come from the API server.
	arrived time.Time
}

func newFollower(t *topic, joined uint64) *follower {
	return &follower{topic: t, joined: joined, wake: make(chan struct{}, 1)}
}

// relyOn notes the feed that delivers from now on; nil: none does. The caller holds the hub's lock.
func (f *follower) relyOn(source *feed) {
	if f.source = source; source != nil {
		f.epoch = source.epoch
	}
}

// begin tells what the call has read, after which it wants to know what is newer.
func (f *follower) begin(uid types.UID, version string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	early := f.queue
	f.begun, f.uid, f.version, f.queue = true, uid, version, nil
	for _, n := range early {
		f.take(n)
	}
}

// offer puts news in.
func (f *follower) offer(n news) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.begun:
		f.take(n)
	case n.snapshot != nil: // that it isn't there yet, the call finds out itself
		f.queue = append(f.queue, n)
		f.rouse()
	}
}

// listed is a state that a list has brought that began after the call had joined, if one has come in.
func (f *follower) listed() (news, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range f.queue {
		if n.list != nil && n.list.census.joined >= f.joined {
			return n, true
		}
	}
	return news{}, false
}

// seen is the newest version that was taken in, if the call has read the workflow.
func (f *follower) seen() (version string, begun bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.version, f.begun
}

// take puts news in that are news to the call.
func (f *follower) take(n news) {
	switch {
	case f.end != nil:
		return
	case n.snapshot == nil:
	case n.id.UID != f.uid:
		if newer(n.id.ResourceVersion, f.version) {
			f.finish(ErrReplaced)
		}
		return
	case !newer(n.id.ResourceVersion, f.version):
		return
	case n.doubtful == "": // else the state with that version may still come
		f.version = n.id.ResourceVersion
	}
	if n.snapshot != nil || n.doubtful != "" {
		n.list = nil // who has begun doesn't need it, and it is large
		f.queue = append(f.queue, n)
	}
	if n.gone && n.doubtful == "" {
		f.finish(ErrDeleted)
		return
	}
	f.rouse()
}

// fail ends the following, after what is in the queue.
func (f *follower) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finish(err)
}

func (f *follower) finish(err error) {
	if f.end == nil {
		f.end = err
	}
	f.rouse()
}

func (f *follower) rouse() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// seenSince reports whether a state of that version or a newer one was taken in.
func (f *follower) seenSince(version string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !newer(version, f.version)
}

// skip passes over what is not newer than a version that the call has read meanwhile.
func (f *follower) skip(version string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if newer(version, f.version) {
		f.version = version
	}
	f.queue = slices.DeleteFunc(f.queue, func(n news) bool { return n.snapshot != nil && !newer(n.id.ResourceVersion, version) })
}

// forget has any version count as newer than the one that was seen.
func (f *follower) forget(version string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.version == version {
		f.version = ""
	}
}

// next takes news out, or the end; false: there is neither.
func (f *follower) next() (news, error, bool) { //nolint:revive // the error is news too, not that of next
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) > 0 {
		n := f.queue[0]
		f.queue[0] = news{}
		if f.queue = f.queue[1:]; len(f.queue) == 0 {
			f.queue = nil
		}
		return n, nil, true
	}
	return news{}, f.end, f.end != nil
}
