package opensearch

import (
	"context"
	"fmt"
	"iter"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// pageSize is the number of documents in memory at a time.
const pageSize = 1000

// Documents implements [backfill.WorkingState] with a scroll, which every version of OpenSearch and
// Elasticsearch supports. A page has 1,000 documents; the consumer may take up to five minutes for
// it. If fewer documents are yielded than the index contains, the last item is an error.
func (w *WorkingState) Documents(ctx context.Context, index string) iter.Seq2[backfill.Document, error] {
	return func(yield func(backfill.Document, error) bool) {
		c := w.call()
		if err := c.documents(ctx, index, func(d backfill.Document) bool { return yield(d, nil) }); err != nil {
			yield(backfill.Document{}, c.failed(err, OpDocuments, index))
		}
	}
}

// documents passes the documents to each until that returns false.
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
				return &Error{Document: c.sent.hide(h.ID, mostIDBytes), Err: fmt.Errorf("the index doesn't store the documents (_source)")}
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
