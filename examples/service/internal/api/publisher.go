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

// publisher has the latest state of each backfill that a client watches. A backfill is followed once
// for all its clients, from the first to the last. A slow client misses intermediate states, and
// delays no other client.
type publisher struct {
	backfills map[string]Backfill
	options   backfill.FollowOptions
	again     time.Duration
	following sync.WaitGroup

	mu      sync.Mutex
	topics  map[string]*topic
	number  int64         // of the latest update
	changed chan struct{} // closed at the next update
}

// topic is a backfill that is being followed.
type topic struct {
	subscribers int
	stop        context.CancelFunc
	look        chan struct{}
	latest      update // number 0: not known yet
}

// update is a state as it is sent. Numbers increase, even in later processes, unless there are more
// than a thousand a second.
type update struct {
	number int64
	text   []byte
}

func newPublisher(backfills map[string]Backfill, options backfill.FollowOptions, again time.Duration) *publisher {
	return &publisher{
		backfills: backfills, options: options, again: again, topics: map[string]*topic{},
		number: time.Now().UnixMilli(), changed: make(chan struct{}),
	}
}

// subscribe follows these sessions until unsubscribe is called. The following has the values of
// ctx, but not its end, since it serves others too.
func (p *publisher) subscribe(ctx context.Context, sessions []string) (unsubscribe func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, session := range sessions {
		t := p.topics[session]
		if t == nil {
			t = &topic{look: make(chan struct{}, 1)}
			p.topics[session] = t
			following, stop := context.WithCancel(context.WithoutCancel(ctx))
			t.stop = stop
			p.following.Go(func() { p.follow(following, session, t) })
		}
		t.subscribers++
	}
	return func() { p.unsubscribe(sessions) }
}

func (p *publisher) unsubscribe(sessions []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, session := range sessions {
		t := p.topics[session]
		if t.subscribers--; t.subscribers == 0 {
			t.stop()
			delete(p.topics, session)
		}
	}
}

// look triggers an immediate look at the backfill if it is followed and idle.
func (p *publisher) look(session string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.topics[session]; t != nil {
		select {
		case t.look <- struct{}{}:
		default: // one is already pending
		}
	}
}

// after returns the sessions' latest updates beyond a number, in order, and a channel that is
// closed at the next update.
func (p *publisher) after(number int64, sessions []string) (updates []update, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, session := range sessions {
		if t := p.topics[session]; t != nil && t.latest.number > number {
			updates = append(updates, t.latest)
		}
	}
	slices.SortFunc(updates, func(a, b update) int { return int(a.number - b.number) })
	return updates, p.changed
}

// follow publishes the backfill's state until ctx ends. It continues after the end of a run:
// another run may be started, by any client.
func (p *publisher) follow(ctx context.Context, session string, t *topic) {
	timer := time.NewTimer(p.again)
	defer timer.Stop()
	for ctx.Err() == nil {
		for st, err := range p.backfills[session].Follow(ctx, p.options) {
			if ctx.Err() == nil {
				p.publish(t, listItemOf(session, st, err))
			}
		}
		timer.Reset(p.again)
		select {
		case <-ctx.Done():
		case <-t.look:
		case <-timer.C:
		}
	}
}

// publish makes a state the latest one, if it has changed.
func (p *publisher) publish(t *topic, s listItem) {
	text, err := json.Marshal(s)
	if err != nil { // can't happen for these types
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if bytes.Equal(text, t.latest.text) {
		return
	}
	p.number++
	t.latest = update{p.number, text}
	close(p.changed)
	p.changed = make(chan struct{})
}
