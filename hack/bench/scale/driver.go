package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// changeRate is how many changes a second there are.
const changeRate = 200

// driver changes workflows as the controller would.
type driver struct {
	crowd  *crowd
	turns  *turns
	ledger *ledger
	// again is called when a workflow that had ended runs again.
	again func(index int) error
}

// drive makes changes for so long and returns how many there were. counted: the delays of
// their ends count.
func (d *driver) drive(ctx context.Context, last time.Duration, counted bool) (made int, err error) {
	// While the API server is busy, changes are missed. Those of a tenth of a second are made up for; the
	// others are not, or too much would come all at once.
	const most = changeRate / 10
	pace := rate.NewLimiter(changeRate, most)
	pace.AllowN(time.Now(), most) // nothing was missed yet
	group, writing := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	driving, over := context.WithTimeout(writing, last)
	defer over()
	for pace.Wait(driving) == nil {
		if c, ok := d.turns.pick(); ok {
			group.Go(func() error { return d.make(writing, c, counted) })
			made++
		}
	}
	return made, group.Wait()
}

func (d *driver) make(ctx context.Context, c change, counted bool) error {
	defer d.turns.done(c)
	now := d.crowd.stages[c.index]
	switch c.kind {
	case progress:
		return d.crowd.move(ctx, c.index, stage{Beat: now.Beat + 1})
	case revival:
		return d.revive(ctx, c.index)
	}
	if err := d.crowd.move(ctx, c.index, stage{Beat: now.Beat, Ended: true, Failed: c.index%5 == 0}); err != nil {
		return err
	}
	d.ledger.wrote(d.crowd.versions[c.index], writtenEnd{index: c.index, answered: nanos(), counted: counted})
	return nil
}

func (d *driver) revive(ctx context.Context, index int) error {
	if err := d.crowd.move(ctx, index, stage{}); err != nil {
		return err
	}
	return d.again(index)
}

// reviveAll sets all running again that have ended.
func (d *driver) reviveAll(ctx context.Context) error {
	return inParallel(ctx, len(d.crowd.stages), func(ctx context.Context, index int) error {
		if !d.crowd.stages[index].Ended {
			return nil
		}
		return d.revive(ctx, index)
	})
}

// ended is called when an end was reported.
func (d *driver) ended(e End) {
	d.ledger.report(e)
	d.turns.sawEnd(e.Index)
}
