package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// layout is the document that stands for the layout of the items.
const layout = "shard_setup"

// work is what the workers of a session do together. What they share is in the index, as with real
// ones, so that it may be archived, deleted and restored between them.
type work struct {
	settings
	store store
	index string
	say   func(format string, args ...any)

	more  int                  // items that may be completed in this step
	since map[string]time.Time // when the present holder of an item has got it
}

func newWork(cluster store, s settings, say func(string, ...any)) *work {
	index := ".migrations_working_state_" + s.session
	return &work{settings: s, store: cluster, index: index, say: say, since: map[string]time.Time{}}
}

// item is what a document of the index says. Times are seconds since 1970, as real workers have it.
type item struct {
	id          string
	Holder      string `json:"leaseHolderId,omitempty"`
	Expiration  int64  `json:"expiration"`
	CompletedAt int64  `json:"completedAt,omitempty"`
}

func (i *item) leased(now time.Time) bool { return i.CompletedAt == 0 && i.Expiration >= now.Unix() }

// advance does what the workers have done by now, in one step of the course. over: workers are
// there, and have found nothing left to do.
func (w *work) advance(ctx context.Context, now time.Time, workers []string) (over bool, err error) {
	documents, err := w.store.documents(ctx, w.index)
	switch {
	case err != nil:
		return false, err
	case documents == nil && len(workers) == 0:
		return false, nil
	case documents == nil:
		w.say("%s lays out %d shards", workers[0], w.shards)
		clear(w.since)
		return false, w.put(ctx, &item{id: layout, Holder: workers[0], Expiration: now.Add(w.lease).Unix()})
	}
	items, err := itemsOf(documents)
	if err != nil {
		return false, err
	}
	if setup := items[layout]; setup != nil && setup.CompletedAt == 0 {
		if len(workers) == 0 {
			return false, nil
		}
		return false, w.layOut(ctx, now, setup)
	}
	delete(items, layout)
	free := map[string]bool{}
	for _, name := range workers {
		free[name] = true
	}
	w.limit(items, workers)
	left := 0
	for _, id := range slices.Sorted(maps.Keys(items)) {
		if err := w.goOn(ctx, now, items[id], free); err != nil {
			return false, err
		}
		if items[id].CompletedAt == 0 {
			left++
		}
	}
	if left == 0 {
		return len(workers) > 0, nil
	}
	return false, w.hand(ctx, now, items, workers, free)
}

// limit sets how many more items may be completed in this step. A pause lifts the limit of
// untilPaused.
func (w *work) limit(items map[string]*item, workers []string) {
	if len(workers) == 0 {
		w.untilPaused = 0
	}
	w.more = len(items)
	if w.untilPaused > 0 {
		w.more = w.untilPaused
		for _, i := range items {
			if i.CompletedAt != 0 {
				w.more--
			}
		}
	}
}

// layOut writes the items, and then that they are all there.
func (w *work) layOut(ctx context.Context, now time.Time, setup *item) error {
	for i := range w.shards {
		if err := w.put(ctx, &item{id: fmt.Sprintf("logs-%02d__%d__0", i/shardsPerIndex, i%shardsPerIndex)}); err != nil {
			return err
		}
	}
	setup.CompletedAt = now.Unix()
	return w.put(ctx, setup)
}

const shardsPerIndex = 2

// goOn completes an item whose holder has had it for long enough, and takes it from one that is
// gone. A holder that goes on with it is not free.
func (w *work) goOn(ctx context.Context, now time.Time, i *item, free map[string]bool) error {
	if !i.leased(now) {
		return nil
	}
	since, known := w.since[i.id]
	switch {
	case !free[i.Holder] || !known: // it is gone, or the index was restored under it
		w.say("%s has gone from %s", i.Holder, i.id)
		i.Expiration = now.Unix() - 1
	case now.Sub(since) >= w.perShard && w.more > 0:
		i.CompletedAt = now.Unix()
		w.more--
	default:
		free[i.Holder] = false
		return nil
	}
	delete(w.since, i.id)
	return w.put(ctx, i)
}

// hand leases the items that nobody has, first come first served.
func (w *work) hand(ctx context.Context, now time.Time, items map[string]*item, workers []string, free map[string]bool) error {
	waiting := slices.DeleteFunc(slices.Sorted(maps.Keys(items)), func(id string) bool {
		return items[id].CompletedAt != 0 || items[id].leased(now)
	})
	for _, worker := range workers {
		if !free[worker] || len(waiting) == 0 {
			continue
		}
		next := items[waiting[0]]
		waiting = waiting[1:]
		next.Holder, next.Expiration = worker, now.Add(w.lease).Unix()
		w.since[next.id] = now
		if err := w.put(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) put(ctx context.Context, i *item) error { return w.store.put(ctx, w.index, i.id, i) }

func itemsOf(documents map[string]json.RawMessage) (map[string]*item, error) {
	items := make(map[string]*item, len(documents))
	for id, source := range documents {
		i := &item{id: id}
		if err := json.Unmarshal(source, i); err != nil {
			return nil, fmt.Errorf("read item %s: %w", id, err)
		}
		items[id] = i
	}
	return items, nil
}
