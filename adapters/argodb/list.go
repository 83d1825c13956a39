package argodb

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// pageSize is how many keys of workflows are read at a time.
	pageSize = 500

	// How far the clock of a controller is from UTC, at most.
	behindUTC, aheadOfUTC = 12 * time.Hour, 14 * time.Hour

	// Between the attempts of a read.
	shortestPause, longestPause = 50 * time.Millisecond, 2 * time.Second
)

// key is the place of a workflow in the list.
type key struct {
	namespace, uid string
	startedAt      string // as timeText writes it
}

// List yields archived workflows, the last started first. It reads the keys of 500 workflows at a time,
// and each workflow when it is asked for, so that one is in memory. Those that are deleted meanwhile are
// left out, and those that are archived meanwhile are not seen, nor is one that is retried and archived
// again before its turn. An empty Namespace means all namespaces. An error is of type [*Error], and the
// last element. A failure that passes is repeated for [Options].Timeout once there was a workflow; before,
// the caller can begin again.
//
// A page uses an index, with or without a namespace. A selector uses the index of labels if it requires a
// value (=, in) or a key. What else a selector requires is applied to each workflow that is read. Argo has
// no index of phases: a list by phases reads what matches otherwise until it has 500.
func (d *Database) List(ctx context.Context, query workflow.HistoryQuery) iter.Seq2[*unstructured.Unstructured, error] {
	return func(yield func(*unstructured.Unstructured, error) bool) {
		if query.Selector != nil {
			if _, selectable := query.Selector.Requirements(); !selectable {
				return // it matches nothing
			}
		}
		yielded := false
		read := func(do func() error) error {
			if yielded {
				return d.again(ctx, do)
			}
			return do() // the caller can begin again
		}
		var last *key
		for {
			var page []key
			err := read(func() (err error) {
				page, err = d.page(ctx, query, last)
				return err
			})
			if err != nil {
				yield(nil, Error{Op: OpList, Namespace: query.Namespace}.of(err))
				return
			}
			for _, at := range page {
				var u *unstructured.Unstructured
				err := read(func() (err error) {
					u, err = d.archived(ctx, at.namespace, types.UID(at.uid))
					return err
				})
				switch {
				case errors.Is(err, sql.ErrNoRows): // deleted
				case err != nil:
					yield(nil, Error{Op: OpList, Namespace: at.namespace, UID: types.UID(at.uid)}.of(err))
					return
				case query.Matches(u):
					if yielded = true; !yield(u, nil) {
						return
					}
				}
			}
			if len(page) < pageSize {
				return
			}
			last = &page[len(page)-1]
		}
	}
}

// again reads until that succeeds or fails with an error that does not pass, for as long as a statement may
// take.
func (d *Database) again(ctx context.Context, read func() error) error {
	end := time.Now().Add(d.opts.Timeout)
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		err := read()
		var failed *databaseError
		if !errors.As(err, &failed) || !failed.transient || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return failure(ctx, err)
		case <-time.After(pause):
		}
	}
}

// page reads the keys behind last, or the first ones if that is nil.
func (d *Database) page(ctx context.Context, query workflow.HistoryQuery, last *key) ([]key, error) {
	ctx, cancel := d.withTimeout(ctx)
	defer cancel()
	s := d.pageStatement(query, last)
	rows, err := d.db.QueryContext(ctx, s.text.String(), s.args...)
	if err != nil {
		return nil, failure(ctx, err)
	}
	defer func() { _ = rows.Close() }()
	var page []key
	for rows.Next() {
		var next key
		if err := rows.Scan(&next.namespace, &next.uid, &next.startedAt); err != nil {
			return nil, failure(ctx, err)
		}
		page = append(page, next)
	}
	if err := rows.Err(); err != nil {
		return nil, failure(ctx, err)
	}
	return page, nil
}

func (d *Database) pageStatement(query workflow.HistoryQuery, last *key) *statement {
	s := d.statement("select w.namespace, w.uid, " + d.timeText("w.startedat") + " from " + archiveTable + " w")
	d.joinLabels(s, query.Selector)
	s.add(" where w.clustername = ? and w.instanceid = ?", d.opts.ClusterName, d.opts.InstanceID)
	if query.Namespace != "" {
		s.add(" and w.namespace = ?", query.Namespace)
	}
	if len(query.Phases) > 0 {
		s.add(" and w.phase")
		addIn(s, query.Phases)
	}
	if at := query.StartedAfter; !at.IsZero() {
		s.add(" and w.startedat >= "+d.parsedTime(), timeString(at.Add(-behindUTC)))
	}
	if at := query.StartedBefore; !at.IsZero() {
		s.add(" and w.startedat <= "+d.parsedTime(), timeString(at.Add(aheadOfUTC)))
	}
	if last != nil {
		// The first condition is implied by the second one, and is what an index is used for.
		s.add(" and w.startedat <= "+d.parsedTime()+" and (w.startedat < "+d.parsedTime()+" or w.uid < ?)",
			last.startedAt, last.startedAt, last.uid)
	}
	return s.add(" order by w.startedat desc, w.uid desc limit ?", pageSize)
}

// joinLabels joins a row of the labels for each that the selector requires. There is at most one of a
// name, so that no workflow comes twice.
func (d *Database) joinLabels(s *statement, selector labels.Selector) {
	for _, required := range requirements(selector) {
		var values []string
		switch required.Operator() {
		case selection.Equals, selection.DoubleEquals, selection.In:
			values = required.Values().List()
		case selection.Exists, selection.GreaterThan, selection.LessThan:
		default:
			continue // it is met without the label
		}
		label := alias(s)
		s.add(" join "+labelsTable+" "+label+" on "+label+".clustername = w.clustername and "+label+".uid = w.uid and "+
			label+".name = ?", required.Key())
		if len(values) > 0 {
			s.add(" and " + label + ".value")
			addIn(s, values)
		}
	}
}
