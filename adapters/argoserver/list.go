package argoserver

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Between the attempts of a read.
const shortestPause, longestPause = 50 * time.Millisecond, 2 * time.Second

// List yields archived workflows, the last started first. It reads the keys of 100 workflows with two requests,
// and each workflow with one when it is asked for, so that one is in memory. Those that are deleted meanwhile
// are left out, and those that are archived meanwhile are not seen, nor is one that is retried and archived
// again before its turn. An empty Namespace means all namespaces. An error is of type [*Error], and the last
// element; it never matches [workflow.ErrNotFound]. A failure that passes is repeated for [Options].Timeout
// once there was a workflow; before, the caller can begin again.
//
// A list that finds nothing, such as one by the label of an idempotency key that is new, takes one request.
// The server applies namespace, labels and, with a margin, the limits of time. It does not apply Phases,
// and no comparison of labels with numbers: such lists read the keys of all workflows that match otherwise.
// With a limit of time, up to 14 hours of workflows beyond it are read and left out.
func (c *Client) List(ctx context.Context, query workflow.HistoryQuery) iter.Seq2[*unstructured.Unstructured, error] {
	return func(yield func(*unstructured.Unstructured, error) bool) {
		e := Error{Op: OpList, Namespace: query.Namespace}
		if query.Namespace != "" {
			if err := invalid(namespaceProblems(query.Namespace)); err != nil {
				yield(nil, e.of(err))
				return
			}
		}
		if query.Selector != nil {
			if _, selectable := query.Selector.Requirements(); !selectable {
				return // it matches nothing
			}
		}
		yielded := false
		read := func(do func() error) error {
			if yielded {
				return c.again(ctx, do)
			}
			return do() // the caller can begin again
		}
		p := &pages{client: c, query: query, size: pageSize}
		for more := true; more; {
			var page []row
			err := read(func() (err error) {
				page, more, err = p.next(ctx)
				return err
			})
			if err != nil {
				yield(nil, e.of(err))
				return
			}
			for _, at := range page {
				if len(query.Phases) > 0 && !slices.Contains(query.Phases, at.phase) {
					continue
				}
				var u *unstructured.Unstructured
				err := read(func() (err error) {
					u, err = c.archived(ctx, at.namespace, at.uid)
					return err
				})
				switch {
				case isNotFound(err): // deleted
				case err != nil:
					yield(nil, Error{Op: OpList, Namespace: at.namespace, UID: at.uid}.of(err))
					return
				case query.Matches(u):
					if yielded = true; !yield(u, nil) {
						return
					}
				}
			}
		}
	}
}

// again reads until that succeeds or fails with an error that does not pass, for as long as a request may
// take.
func (c *Client) again(ctx context.Context, read func() error) error {
	end := time.Now().Add(c.opts.Timeout)
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		err := read()
		var f *failure
		if !errors.As(err, &f) || !f.transient || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return lost(ctx, err)
		case <-time.After(pause):
		}
	}
}
