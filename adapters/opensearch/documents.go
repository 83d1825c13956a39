package opensearch

import (
	"context"
	"fmt"
	"iter"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// pageSize is how many documents are held at a time.
const pageSize = 1000

// Documents implements [backfill.WorkingState], by a scroll, which OpenSearch and Elasticsearch of
// every version have. Between two pages, of 1,000 documents, it gives the consumer five minutes. If
// it has not yielded as many documents as there are, that is an error.
func (w *WorkingState) Documents(ctx context.Context, index string) iter.Seq2[backfill.Document, error] {
	return func(yield func(backfill.Document, error) bool) {
		c := w.call()
		if err := c.documents(ctx, index, func(d backfill.Document) bool { return yield(d, nil) }); err != nil {
			yield(backfill.Document{}, c.failed(err, OpDocuments, index))
		}
	}
}

// documents shows the documents to each until that returns false.
func (c *cluster) documents(ctx context.Context, index string, each func(backfill.Document) bool) error {
	if err := checkIndex(index); err != nil {
		return err
	}
	if err := c.refresh(ctx, index); err != nil {
		return err
	}
	s := &scroll{cluster: c, index: index}
	defer s.close(ctx)
	var total, yielded int64
	for first := true; ; first = false {
		page, err := s.next(ctx)
		if err != nil {
			return err
		}
		if first {
			total = page.Hits.Total.Value
		}
		for _, h := range page.Hits.Hits {
			if ctx.Err() != nil {
				return ended(ctx)
			}
			if len(h.Source) == 0 {
				return &Error{Document: c.sent.hide(h.ID, mostIDBytes), Err: fmt.Errorf("the index doesn't keep what was written to it (_source)")}
			}
			if !each(backfill.Document(h)) {
				return nil
			}
			yielded++
		}
		if len(page.Hits.Hits) == 0 {
			break
		}
	}
	if yielded != total {
		return fmt.Errorf("%d of %d documents were read", yielded, total)
	}
	return nil
}
