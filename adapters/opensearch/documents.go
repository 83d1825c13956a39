package opensearch

import (
	"context"
	"fmt"
	"iter"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// pageSize is the number of documents in a page.
const pageSize = 1000

// Documents implements [backfill.WorkingState] with a point in time, of which a page that was lost
// is read again. If the cluster has none (OpenSearch before 2.4, Elasticsearch before 7.10), doesn't
// permit it, or can't continue one (an index of several shards on OpenSearch), it uses a scroll,
// whose pages can be read only once: the first that is lost is the error. The server keeps either for
// five minutes from one page to the next.
//
// A page has 1,000 documents, and at most 32 MiB as JSON. While the consumer works on a page the next
// one is read, so two are in memory. Nothing is read after the loop.
//
// If fewer documents are yielded than the index contains, the last item is an error.
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
	if err := c.checkAssigned(ctx, index); err != nil {
		return err
	}
	if err := c.refresh(ctx, index); err != nil {
		return err
	}
	reader, page, err := c.open(ctx, index)
	defer reader.close(ctx)
	if err != nil {
		return err
	}
	next := &ahead{from: reader}
	defer next.stop()
	total, yielded := page.Hits.Total.Value, int64(0)
	for len(page.Hits.Hits) > 0 && yielded <= total {
		next.start(ctx)
		for _, h := range page.Hits.Hits {
			if ctx.Err() != nil {
				return ended(ctx)
			}
			if len(h.Source) == 0 {
				next.stop() // it adds to what was sent
				return &Error{Document: c.sent.hide(h.ID, mostIDBytes), Err: fmt.Errorf("the index doesn't store the documents (_source)")}
			}
			if !each(backfill.Document{ID: h.ID, Source: h.Source}) {
				return nil
			}
			yielded++
		}
		if page, err = next.take(); err != nil {
			return err
		}
	}
	if yielded != total {
		return fmt.Errorf("%d of %d documents were read", yielded, total)
	}
	return nil
}
