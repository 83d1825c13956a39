package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// ByUID implements [workflow.History].
func (j *Journal) ByUID(ctx context.Context, namespace string, uid types.UID) (*unstructured.Unstructured, error) {
	return j.one(ctx, "with UID "+strconv.Quote(string(uid)),
		"SELECT object FROM "+recordsTable+" WHERE "+withUID, j.opts.Cluster, namespace, string(uid))
}

// ByName implements [workflow.History]. A start whose workflow is not known is not found; see
// [Journal.Unresolved].
func (j *Journal) ByName(ctx context.Context, namespace, name string) (*unstructured.Unstructured, error) {
	return j.one(ctx, strconv.Quote(name),
		"SELECT object FROM "+recordsTable+" WHERE cluster = $1 AND namespace = $2 AND name = $3 AND uid <> '' ORDER BY started DESC, id DESC LIMIT 1",
		j.opts.Cluster, namespace, name)
}

func (j *Journal) one(ctx context.Context, subject, query string, args ...any) (*unstructured.Unstructured, error) {
	ctx, cancel := limited(ctx)
	defer cancel()
	var object []byte
	err := j.db.QueryRowContext(ctx, query, args...).Scan(&object)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, fmt.Errorf("%w: the journal has no workflow %s", workflow.ErrNotFound, subject)
	case err != nil:
		return nil, unavailable(ctx, "read a workflow", err)
	}
	return decode(object)
}

func decode(object []byte) (*unstructured.Unstructured, error) {
	u := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(object, &u.Object); err != nil {
		return nil, &databaseError{"read a workflow", err}
	}
	return u, nil
}

// pageSize is how many workflows List reads with one query.
const pageSize = 100

// List implements [workflow.History]. It reads 100 workflows at a time, and holds no connection between
// them. Namespace, times, phases, and the labels of an idempotency key and of a backfill's session are looked
// up in the database. For other labels, it reads every workflow of the namespace that is within the times.
//
// A start that is not resolved is an object without a UID, which only a list by its key yields.
func (j *Journal) List(ctx context.Context, query workflow.HistoryQuery) iter.Seq2[*unstructured.Unstructured, error] {
	return func(yield func(*unstructured.Unstructured, error) bool) {
		at := position{started: math.MaxInt64, id: math.MaxInt64}
		for {
			page, err := j.page(ctx, query, at)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, row := range page {
				u, err := decode(row.object)
				if err == nil && !query.Matches(u) {
					continue
				}
				if !yield(u, err) || err != nil {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
			at = page[len(page)-1].position
		}
	}
}

// position is that of a workflow in a list.
type position struct{ started, id int64 }

type row struct {
	position

	object []byte
}

// page returns the workflows that follow the one at that position.
func (j *Journal) page(ctx context.Context, query workflow.HistoryQuery, at position) (page []row, err error) {
	ctx, cancel := limited(ctx)
	defer cancel()
	defer func() { err = unavailable(ctx, "list workflows", err) }()
	conditions, args := conditionsOf(j.opts.Cluster, query, at)
	rows, err := j.db.QueryContext(ctx, "SELECT started, id, object FROM "+recordsTable+" WHERE "+
		strings.Join(conditions, " AND ")+" ORDER BY started DESC, id DESC LIMIT "+strconv.Itoa(pageSize), args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.started, &r.id, &r.object); err != nil {
			return nil, err
		}
		page = append(page, r)
	}
	return page, rows.Err()
}

func conditionsOf(cluster string, query workflow.HistoryQuery, at position) (conditions []string, args []any) {
	add := func(condition string, values ...any) {
		for _, value := range values {
			args = append(args, value)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		conditions = append(conditions, condition)
	}
	add("cluster = ?", cluster)
	add("(started, id) < (?, ?)", at.started, at.id)
	if query.Namespace != "" {
		add("namespace = ?", query.Namespace)
	}
	if !query.StartedAfter.IsZero() {
		add("started > ?", query.StartedAfter.UnixMicro())
	}
	if !query.StartedBefore.IsZero() {
		add("started < ?", query.StartedBefore.UnixMicro())
	}
	if len(query.Phases) > 0 {
		var phases []any
		for _, phase := range query.Phases {
			phases = append(phases, string(phase))
		}
		add("phase IN (?"+strings.Repeat(", ?", len(phases)-1)+")", phases...)
	}
	// As in withKey, the second conditions are for partial indexes.
	if session := required(query.Selector, labelSession); session != "" {
		add("session = ? AND session <> ''", session)
	}
	if key := required(query.Selector, labelKey); key != "" {
		add("key_hash = ? AND key_hash <> ''", key)
	} else {
		add("uid <> ''")
	}
	return conditions, args
}

// required returns the value of a label that a selector requires, or "".
func required(selector labels.Selector, label string) string {
	if selector == nil {
		return ""
	}
	requirements, _ := selector.Requirements()
	for _, r := range requirements {
		equals := r.Operator() == selection.Equals || r.Operator() == selection.DoubleEquals
		if r.Key() == label && equals {
			value, _ := r.Values().PopAny()
			return value
		}
	}
	return ""
}
