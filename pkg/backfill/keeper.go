package backfill

import "context"

// keeper archives and restores the working state of a backfill.
type keeper struct {
	state WorkingState
	index string
	// atRest is nil if nothing works with the index, for sure.
	atRest func(context.Context) error
	// failed says whose error it is.
	failed func(error) error
}

func (k *keeper) Archive(ctx context.Context, opts ArchiveOptions) (Archive, error) {
	if err := k.mayTouch(ctx); err != nil {
		return Archive{}, err
	}
	archive, err := archiver{k.state, k.index, k.atRest}.archive(ctx, opts)
	return archive, k.failed(err)
}

func (k *keeper) Restore(ctx context.Context, path string) (int64, error) {
	if err := k.mayTouch(ctx); err != nil {
		return 0, err
	}
	written, err := restore(ctx, k.state, k.index, path)
	return written, k.failed(err)
}

func (k *keeper) mayTouch(ctx context.Context) error {
	if k.state == nil {
		return k.failed(errNoWorkingState)
	}
	return k.atRest(ctx)
}
