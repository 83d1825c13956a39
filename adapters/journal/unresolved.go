package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// UnresolvedStart is a start whose idempotency key is recorded, and whose workflow is not.
type UnresolvedStart struct {
	Namespace, Name string // of the workflow
	Recorded        time.Time
}

// mostUnresolved is how many starts Unresolved returns.
const mostUnresolved = 1000

// Unresolved returns the starts in a namespace that are not resolved, at most 1,000 and the oldest first.
// Those of the last seconds may be in progress. Of the others the process ended in between, or could not
// find out what became of its create. While the workflow exists, it resolves its start when it is started
// again with the key, waited for or, once it has ended, read.
//
// Errors match [workflow.ErrHistory], or are the context's.
func (j *Journal) Unresolved(ctx context.Context, namespace string) (starts []UnresolvedStart, err error) {
	ctx, cancel := limited(ctx)
	defer cancel()
	defer func() { err = unavailable(ctx, "list starts", err) }()
	rows, err := j.db.QueryContext(ctx, "SELECT name, recorded FROM "+recordsTable+
		" WHERE cluster = $1 AND namespace = $2 AND uid = '' ORDER BY id LIMIT $3", j.opts.Cluster, namespace, mostUnresolved)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		start := UnresolvedStart{Namespace: namespace}
		var recorded int64
		if err := rows.Scan(&start.Name, &recorded); err != nil {
			return nil, err
		}
		start.Recorded = time.UnixMicro(recorded).UTC()
		starts = append(starts, start)
	}
	return starts, rows.Err()
}

// Release makes the idempotency key of a start free again that [Journal.Unresolved] has returned, so that
// another start with the key creates a workflow. Call it when you know that the workflow has not run, or may
// run again: it does not exist in the cluster, and the process that recorded the start has ended. If the start
// was to replace a workflow that the journal has, the key is that one's again.
//
// If the start is resolved or was released before, the error matches [workflow.ErrNotFound]. Others match
// [workflow.ErrHistory], or are the context's.
func (j *Journal) Release(ctx context.Context, start UnresolvedStart) error {
	released := false
	err := j.do(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		released, err = removeStart(ctx, tx, "cluster = $1 AND namespace = $2 AND name = $3 AND recorded = $4",
			j.opts.Cluster, start.Namespace, start.Name, start.Recorded.UnixMicro())
		return err
	})
	switch {
	case err != nil:
		return unavailable(ctx, "release a key", err)
	case !released:
		return fmt.Errorf("%w: the journal has no unresolved start of %s/%s at that time", workflow.ErrNotFound, start.Namespace, start.Name)
	}
	return nil
}

// removeStart removes the start that meets the condition, unless its workflow is known. If the workflow that it
// was to replace was started with its key, that one has the key again.
func removeStart(ctx context.Context, tx *sql.Tx, condition string, args ...any) (removed bool, err error) {
	var id int64
	var cluster, namespace, replaces, key string
	err = tx.QueryRowContext(ctx, "SELECT id, cluster, namespace, replaces, key_hash FROM "+recordsTable+" WHERE "+condition+" AND uid = ''", args...).
		Scan(&id, &cluster, &namespace, &replaces, &key)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	deleted, err := affected(ctx, tx, "DELETE FROM "+recordsTable+" WHERE id = $1 AND uid = ''", id)
	if err != nil || deleted == 0 { // its workflow was seen meanwhile
		return false, err
	}
	return true, exec(ctx, tx, "UPDATE "+recordsTable+" SET key_hash = marked WHERE "+withUID+" AND marked = $4", cluster, namespace, replaces, key)
}
