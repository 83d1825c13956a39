package backfill

import "context"

func (b *argoBackfill) Restart(ctx context.Context) (*Status, error) {
	s, err := b.latestRun(ctx)
	if err != nil {
		return nil, err
	}
	if s == nil || !over(s) && runOf(s) > 1 { // the latter was started by a Restart
		return b.Start(ctx)
	}
	if err := b.checkEnded(ctx, s); err != nil {
		if now, failed := b.latestRun(ctx); failed == nil && runOf(now) > runOf(s) { // another client restarted it first
			return b.Start(ctx)
		}
		return nil, err
	}
	started, err := b.startRun(ctx, nil, b.requestFor(runOf(s)+1))
	if err != nil {
		return nil, err
	}
	return b.statusOf(ctx, started), nil
}

func (b *deploymentBackfill) Restart(ctx context.Context) (*Status, error) {
	if err := b.checkIdle(ctx); err != nil {
		return nil, err
	}
	return b.Start(ctx)
}
