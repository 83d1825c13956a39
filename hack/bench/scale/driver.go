package main

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// driver changes workflows as the controller would.
type driver struct {
	crowd  *crowd
	picker *picker
	ledger *ledger
	clock  clock
	rate   int // changes a second
	// again is called when a workflow that had ended runs again.
	again func(index int) error
}

// madeUpFor bounds how far the driver may fall behind the rate and still make up for it, while the
// API server is busy. What it missed before that stays undone, or too much would come all at once.
const madeUpFor = time.Second / 10

// drive makes changes for so long and returns how many there were. counted: the delays of
// their ends count.
func (d *driver) drive(ctx context.Context, last time.Duration, counted bool) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	changes := make(chan change)
	var working sync.WaitGroup
	for range writers {
		working.Go(func() {
			for c := range changes {
				if err := d.make(ctx, c, counted); err != nil {
					cancel(err)
				}
			}
		})
	}
	made := d.feed(ctx, last, changes)
	close(changes)
	working.Wait()
	return made, context.Cause(ctx)
}

// feed sends changes at the rate.
func (d *driver) feed(ctx context.Context, last time.Duration, changes chan<- change) (made int) {
	ctx, over := context.WithTimeout(ctx, last)
	defer over()
	most := max(1, int(float64(d.rate)*madeUpFor.Seconds()))
	pace := rate.NewLimiter(rate.Limit(d.rate), most)
	pace.AllowN(time.Now(), most) // nothing was missed yet
	for pace.Wait(ctx) == nil {
		c, ok := d.picker.pick()
		if !ok {
			continue
		}
		changes <- c // a worker takes it: each of them goes on until there are no more
		made++
	}
	return made
}

func (d *driver) make(ctx context.Context, c change, counted bool) error {
	defer d.picker.done(c)
	now := d.crowd.stages[c.index]
	switch c.kind {
	case progress:
		_, err := d.crowd.move(ctx, c.index, now.next())
		return err
	case revival:
		if _, err := d.crowd.move(ctx, c.index, stage{}); err != nil {
			return err
		}
		return d.again(c.index)
	}
	version, err := d.crowd.move(ctx, c.index, now.end(c.index%5 == 0))
	if err != nil {
		return err
	}
	d.ledger.wrote(version, writtenEnd{index: c.index, answered: d.clock.now(), counted: counted})
	return nil
}

// reviveAll sets all running again that have ended.
func (d *driver) reviveAll(ctx context.Context) error {
	ended := d.picker.takeEnded()
	return inParallel(ctx, len(ended), func(ctx context.Context, i int) error {
		return d.make(ctx, change{kind: revival, index: ended[i]}, false)
	})
}
