package api

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// news has the latest state of each backfill that a client watches. A backfill is followed once for
// all its clients, from the first to the last. A slow client misses intermediate states, and delays
// no other client.
type news struct {
	backfills map[string]Backfill
	options   backfill.FollowOptions
	again     time.Duration
	following sync.WaitGroup

	mu      sync.Mutex
	feeds   map[string]*feed
	number  int64         // of the latest item
	changed chan struct{} // closed at the next
}

// feed is a backfill that is being followed.
type feed struct {
	readers int
	stop    context.CancelFunc
	look    chan struct{}
	latest  item // number 0: not known yet
}

// item is a state as it is sent. Numbers increase, even in later processes, unless there are more
// than a thousand a second.
type item struct {
	number int64
	text   []byte
}

func newNews(backfills map[string]Backfill, options backfill.FollowOptions, again time.Duration) *news {
	return &news{
		backfills: backfills, options: options, again: again, feeds: map[string]*feed{},
		number: time.Now().UnixMilli(), changed: make(chan struct{}),
	}
}

// join follows these sessions until leave is called. The following has the values of ctx, but not
// its end, since it serves others too.
func (n *news) join(ctx context.Context, sessions []string) (leave func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, session := range sessions {
		f := n.feeds[session]
		if f == nil {
			f = &feed{look: make(chan struct{}, 1)}
			n.feeds[session] = f
			following, stop := context.WithCancel(context.WithoutCancel(ctx))
			f.stop = stop
			n.following.Go(func() { n.follow(following, session, f) })
		}
		f.readers++
	}
	return func() { n.leave(sessions) }
}

func (n *news) leave(sessions []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, session := range sessions {
		f := n.feeds[session]
		if f.readers--; f.readers == 0 {
			f.stop()
			delete(n.feeds, session)
		}
	}
}

// look triggers an immediate look at the backfill if it is followed and idle.
func (n *news) look(session string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if f := n.feeds[session]; f != nil {
		select {
		case f.look <- struct{}{}:
		default: // one is already pending
		}
	}
}

// after returns the sessions' latest items beyond a number, in order, and a channel that is closed
// when there is another.
func (n *news) after(number int64, sessions []string) (items []item, changed <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, session := range sessions {
		if f := n.feeds[session]; f != nil && f.latest.number > number {
			items = append(items, f.latest)
		}
	}
	slices.SortFunc(items, func(a, b item) int { return int(a.number - b.number) })
	return items, n.changed
}

// follow publishes the backfill's state until ctx ends. It continues after the end of a run:
// another run may be started, by any client.
func (n *news) follow(ctx context.Context, session string, f *feed) {
	timer := time.NewTimer(n.again)
	defer timer.Stop()
	for ctx.Err() == nil {
		for st, err := range n.backfills[session].Follow(ctx, n.options) {
			if ctx.Err() == nil {
				n.publish(f, standingOf(session, st, err))
			}
		}
		timer.Reset(n.again)
		select {
		case <-ctx.Done():
		case <-f.look:
		case <-timer.C:
		}
	}
}

// publish makes a state the latest one, if it has changed.
func (n *news) publish(f *feed, s standing) {
	text, err := json.Marshal(s)
	if err != nil { // can't happen for these types
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if bytes.Equal(text, f.latest.text) {
		return
	}
	n.number++
	f.latest = item{n.number, text}
	close(n.changed)
	n.changed = make(chan struct{})
}
