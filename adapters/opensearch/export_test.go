package opensearch

import (
	"context"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// SetPauses changes the pauses before a write that a busy cluster refused is sent again.
func SetPauses(w *WorkingState, first, longest time.Duration) {
	w.cluster.firstPause, w.cluster.longestPause = first, longest
}

// DocumentsInSequence passes the documents of an index to each like [WorkingState.Documents], but reads
// a page only when all documents of the one before have been passed on.
func DocumentsInSequence(ctx context.Context, w *WorkingState, index string, each func(backfill.Document) bool) error {
	c := w.call()
	if err := c.refresh(ctx, index); err != nil {
		return err
	}
	reader, page, err := c.open(ctx, index)
	defer reader.close(ctx)
	for err == nil && len(page.Hits.Hits) > 0 {
		for _, h := range page.Hits.Hits {
			if !each(backfill.Document{ID: h.ID, Source: h.Source}) {
				return nil
			}
		}
		page, err = reader.next(ctx)
	}
	return err
}
