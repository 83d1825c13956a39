package backfill

import (
	"context"
	"iter"
)

// layoutDocument says that the items have been laid out.
const layoutDocument = "shard_setup"

// restore writes an archive back. The document that says that the items are laid out comes last, so
// that a part of them is never taken for all of them.
func restore(ctx context.Context, state WorkingState, index, path string) (int64, error) {
	if _, err := existing(ctx, path); err != nil { // all of it, before anything is written
		return 0, err
	}
	return state.Restore(ctx, index, layoutLast(ReadArchive(path)))
}

func layoutLast(documents iter.Seq2[Document, error]) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		var layout *Document
		for d, err := range documents {
			if err == nil && d.ID == layoutDocument {
				layout = &d
				continue
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
		if layout != nil {
			yield(*layout, nil)
		}
	}
}
