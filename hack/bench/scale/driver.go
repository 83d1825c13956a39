package main

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// changeRate is how many changes a second there are.
const changeRate = 200

// kind is what a change does to a workflow.
type kind int

const (
	progress kind = iota // a node reports, or ends
	ending               // the workflow ends
	revival              // one that has ended, and was seen to have, runs again
)

// share is the workflows that one goroutine changes.
type share struct {
	step           int
	running, ended []int // the first has waited longest
}

// next decides what changes next; false if nothing can be changed. Of four changes one is an end,
// and one sets a workflow running again that had ended, so that the number of running ones stays.
func (s *share) next(seen func(index int) bool) (k kind, index int, ok bool) {
	step := s.step % 4
	s.step++
	switch {
	case step == 2 && len(s.ended) > 0 && seen(s.ended[0]):
		index, s.ended = s.ended[0], s.ended[1:]
		s.running = append(s.running, index)
		return revival, index, true
	case len(s.running) == 0:
		return 0, 0, false
	}
	index, s.running = s.running[0], s.running[1:]
	if step == 0 && len(s.ended) <= len(s.running) { // half of them stay running, also if ends are seen late
		s.ended = append(s.ended, index)
		return ending, index, true
	}
	s.running = append(s.running, index)
	return progress, index, true
}

// driver changes workflows as the controller would.
type driver struct {
	*crowd
	*ledger
	shares []share
	seen   []atomic.Bool         // by workflow: its end was reported
	again  func(index int) error // called when a workflow that had ended runs again
}

func newDriver(c *crowd) *driver {
	d := &driver{crowd: c, ledger: newLedger(), shares: make([]share, writers), seen: make([]atomic.Bool, len(c.stages))}
	for index := range c.stages {
		s := &d.shares[index%writers]
		s.running = append(s.running, index)
	}
	return d
}

// drive makes changes for so long and returns how many there were. counted: the delays of
// their ends count.
func (d *driver) drive(ctx context.Context, last time.Duration, counted bool) (made int64, err error) {
	// While the API server is busy, changes are missed. Those of a tenth of a second are made up
	// for; the others are not, or too much would come all at once.
	const most = changeRate / 10
	pace := rate.NewLimiter(changeRate, most)
	pace.AllowN(time.Now(), most) // nothing was missed yet
	group, writing := errgroup.WithContext(ctx)
	driving, over := context.WithTimeout(writing, last)
	defer over()
	var count atomic.Int64
	for i := range d.shares {
		group.Go(func() error {
			for pace.Wait(driving) == nil {
				k, index, ok := d.shares[i].next(func(index int) bool { return d.seen[index].Load() })
				if !ok {
					continue
				}
				if err := d.change(writing, k, index, counted); err != nil {
					return err
				}
				count.Add(1)
			}
			return nil
		})
	}
	err = group.Wait()
	return count.Load(), err
}

func (d *driver) change(ctx context.Context, k kind, index int, counted bool) error {
	beat := d.stages[index].Beat
	switch k {
	case progress:
		return d.move(ctx, index, stage{Beat: beat + 1})
	case revival:
		return d.revive(ctx, index)
	}
	if err := d.move(ctx, index, stage{Beat: beat, Ended: true, Failed: index%5 == 0}); err != nil {
		return err
	}
	d.wrote(d.versions[index], writtenEnd{index: index, answered: nanos(), counted: counted})
	return nil
}

func (d *driver) revive(ctx context.Context, index int) error {
	d.seen[index].Store(false)
	if err := d.move(ctx, index, stage{}); err != nil {
		return err
	}
	return d.again(index)
}

// reviveAll sets all running again that have ended.
func (d *driver) reviveAll(ctx context.Context) error {
	return inParallel(ctx, len(d.stages), func(ctx context.Context, index int) error {
		if !d.stages[index].Ended {
			return nil
		}
		return d.revive(ctx, index)
	})
}

// ended is called when the peer has reported an end.
func (d *driver) ended(e End) {
	d.report(e)
	if e.Index >= 0 && e.Index < len(d.seen) {
		d.seen[e.Index].Store(true)
	}
}
