package watchhub

import (
	"context"
	"time"
)

// diagnose shows the last state again, with why no controller has picked up the workflow.
func (c *call) diagnose(ctx context.Context) (err error) {
	if c.overdue == nil {
		return nil // a controller has, before the reminder was taken out
	}
	c.setOverdue(false)
	c.diagnostic = c.hub.cfg.Diagnose(ctx, c.seen())
	c.arrived = time.Time{}
	c.now, err = c.decodeLast(ctx)
	return err
}

// setOverdue starts the timer after which a workflow without a phase is diagnosed, or stops it.
func (c *call) setOverdue(on bool) {
	switch after := c.hub.cfg.DiagnoseAfter; {
	case on && c.overdue == nil && after > 0:
		c.overdue = time.AfterFunc(after, func() { c.hub.remind(c.sub) })
	case !on && c.overdue != nil:
		c.overdue.Stop()
		c.overdue = nil
	}
}
