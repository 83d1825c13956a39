package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// RecordStart implements [workflow.StartRecorder]. It blocks until the idempotency key of wf is stored on
// the disk, or ctx ends. Of all calls for one key, in all processes that share the journal, one succeeds,
// with all of its attempts. For the others the error matches [workflow.ErrAlreadyExists], whatever they
// request. A workflow without a key is not stored before it is created.
//
// If the workflow with the UID replaces has the key, wf takes it. With an empty one, that is none.
func (j *Journal) RecordStart(ctx context.Context, wf *unstructured.Unstructured, replaces types.UID) error {
	r, err := j.readRecord(wf)
	if err != nil || r.start.Key == "" {
		return err
	}
	var refused error
	err = j.do(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		refused, err = claim(ctx, tx, r, column(string(replaces)))
		return err
	})
	if err != nil {
		return unavailable(ctx, "record the start of "+r.namespace+"/"+r.name, err)
	}
	return refused
}

// readRecord returns what is stored of an object that was not read through a client.
func (j *Journal) readRecord(wf *unstructured.Unstructured) (record, error) {
	s, err := status.FromUnstructured(wf)
	if err != nil {
		return record{}, &databaseError{"read the workflow to record", err}
	}
	return j.newRecord(s, false)
}

// claim stores the key of a start, or returns why it is refused.
func claim(ctx context.Context, tx *sql.Tx, r record, replaces string) (refused, err error) {
	for {
		stored, err := affected(ctx, tx, "INSERT INTO "+recordsTable+
			" (cluster, namespace, name, key_hash, call_id, request, replaces, started, recorded, updated, object)"+
			" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8, $9) ON CONFLICT DO NOTHING", r.cluster, r.namespace,
			r.name, r.start.Key, r.start.ID, r.start.Request, replaces, time.Now().UnixMicro(), string(r.object))
		if err != nil || stored > 0 {
			return nil, err
		}
		var id int64
		var name, uid, call string
		err = tx.QueryRowContext(ctx, "SELECT id, name, uid, call_id FROM "+recordsTable+" WHERE "+withKey,
			r.cluster, r.namespace, r.start.Key).Scan(&id, &name, &uid, &call)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			continue // it was released in between
		case err != nil:
			return nil, err
		case uid == "" && call == r.start.ID:
			return nil, nil
		case uid == "" || uid != replaces:
			return fmt.Errorf("%w: the journal has another start with the idempotency key, of workflow %s", workflow.ErrAlreadyExists, name), nil
		}
		if err := exec(ctx, tx, "UPDATE "+recordsTable+" SET key_hash = '' WHERE id = $1", id); err != nil {
			return nil, err
		}
	}
}

// RecordRefused implements [workflow.StartRecorder]: the key of wf is free again, or that of the workflow
// that it was taken from. It blocks like RecordStart. Once it is called, the journal releases the key also
// if it returns an error: when the database answers again, unless the process ends before. In that case the
// start stays one that is not resolved; see [Journal.Release].
func (j *Journal) RecordRefused(ctx context.Context, wf *unstructured.Unstructured) error {
	r, err := j.readRecord(wf)
	if err != nil || r.start.Key == "" {
		return err
	}
	action := "release the key of " + r.namespace + "/" + r.name
	err = j.await(ctx, request{
		run: func(ctx context.Context, tx *sql.Tx) error {
			_, err := removeStart(ctx, tx, withKey+" AND call_id = $4", r.cluster, r.namespace, r.start.Key, r.start.ID)
			return err
		},
		done:   make(chan error, 1),
		failed: func(err error) { j.opts.OnError(&databaseError{action, err}) },
	})
	return unavailable(ctx, action, err)
}

// RecordCreated implements [workflow.StartRecorder]. It blocks until the workflow is stored or ctx ends, but
// for a second at most. If it is not stored by then, the error matches [workflow.ErrHistory], and the journal
// stores it later.
func (j *Journal) RecordCreated(ctx context.Context, wf *unstructured.Unstructured) error {
	s, err := status.FromUnstructured(wf)
	if err != nil {
		return &databaseError{"read the workflow to record", err}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := j.observe(ctx, s, true, 0); err != nil { // the record of a workflow that was found may be deleted
		return &databaseError{"record workflow " + s.Namespace + "/" + s.Name, err}
	}
	return nil
}

// Observed implements [workflow.Recorder]. It blocks until a final state is stored, or the first one of a
// workflow that was retried, but for a second at most. Others are stored within a second or two, and of
// several only the last.
func (j *Journal) Observed(ctx context.Context, s *status.WorkflowStatus) {
	// What was seen has happened, also if the call has ended.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := j.observe(ctx, s, s.Completed() || j.runsAgain(s), fresh); err != nil && ctx.Err() == nil {
		j.opts.OnError(&databaseError{"store workflow " + s.Namespace + "/" + s.Name, err})
	}
}

// runsAgain reports whether s may be the first state of a workflow that was retried. Until that is stored,
// the journal has its last end.
func (j *Journal) runsAgain(s *status.WorkflowStatus) bool {
	if s.Annotations[annotationRetry] == "" || s.Completed() {
		return false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.latest[identity{s.Namespace, s.UID}]
	return e == nil || status.Phase(e.phase).Completed()
}

// observe queues a state unless it was stored within some time, and if it is urgent, blocks until it is stored
// or ctx ends.
func (j *Journal) observe(ctx context.Context, s *status.WorkflowStatus, now bool, within time.Duration) error {
	if s.UID == "" || s.Name == "" { // of a dry run, or malformed
		return nil
	}
	e := j.known(s, now, within)
	if e == nil {
		r, err := j.newRecord(s, j.crowded())
		if err != nil {
			return err
		}
		if e, err = j.enqueue(r, now, within); err != nil {
			return err
		}
	}
	if !now {
		return nil
	}
	select {
	case <-e.done:
		return nil
	case <-j.stopped:
		return errClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// known returns the entry of that state or a later one, or nil.
func (j *Journal) known(s *status.WorkflowStatus, now bool, within time.Duration) *entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.covering(identity{s.Namespace, s.UID}, pointOf(s), now, within)
}

// columns of a state, with the numbers of their arguments.
const (
	setState     = "version = $1, run = $2, ended = $3, whole = $4, phase = $5, started = $6, updated = $7, session = $8, object = $9"
	stateColumns = "version, run, ended, whole, phase, started, updated, session, object"
	stateValues  = "$1, $2, $3, $4, $5, $6, $7, $8, $9"
)

func (r record) values(now int64, more ...any) []any {
	return append([]any{
		r.version, r.run, r.ended, r.whole, r.phase, r.started.UnixMicro(), now, r.session, string(r.object),
	}, more...)
}

// store writes a state. If it or a later one is stored, it writes that the workflow was seen again.
func (j *Journal) store(ctx context.Context, tx *sql.Tx, r record) error {
	now := time.Now().UnixMicro()
	for key := r.start.Key; ; {
		var id int64
		var known point
		err := tx.QueryRowContext(ctx, "SELECT id, version, run, ended, whole FROM "+recordsTable+" WHERE "+withUID+j.dialect.update,
			r.cluster, r.namespace, string(r.uid)).Scan(&id, &known.version, &known.run, &known.ended, &known.whole)
		switch {
		case err == nil && !r.after(known):
			return exec(ctx, tx, "UPDATE "+recordsTable+" SET updated = $1 WHERE id = $2", now, id)
		case err == nil:
			return exec(ctx, tx, "UPDATE "+recordsTable+" SET "+setState+" WHERE id = $10", r.values(now, id)...)
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if key != "" {
			// The workflow that a start replaces is not the one that it creates.
			resolved, err := affected(ctx, tx, "UPDATE "+recordsTable+" SET "+setState+", uid = $10, marked = $11, request = $12"+
				" WHERE cluster = $13 AND namespace = $14 AND key_hash = $11 AND key_hash <> '' AND name = $15 AND uid = '' AND replaces <> $10",
				r.values(now, string(r.uid), key, r.start.Request, r.cluster, r.namespace, r.name)...)
			if err != nil || resolved > 0 {
				return err
			}
			// Of workflows of one key, of which one has replaced the other, the newer has it. A mark under another
			// name is not the work of a client. The UPDATE before may have waited until another process had
			// recorded this workflow.
			if err := exec(ctx, tx, "UPDATE "+recordsTable+" SET key_hash = '' WHERE "+withKey+
				" AND uid NOT IN ('', $6) AND started <= $4 AND name = $5",
				r.cluster, r.namespace, key, r.started.UnixMicro(), r.name, string(r.uid)); err != nil {
				return err
			}
		}
		stored, err := affected(ctx, tx, "INSERT INTO "+recordsTable+
			" ("+stateColumns+", recorded, cluster, namespace, name, uid, key_hash, marked, request)"+
			" VALUES ("+stateValues+", $7, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING",
			r.values(now, r.cluster, r.namespace, r.name, string(r.uid), key, r.start.Key, r.start.Request)...)
		if err != nil || stored > 0 {
			return err
		}
		// Another process has stored it, or another workflow or an unresolved start has the key.
		if key = ""; ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

func exec(ctx context.Context, tx *sql.Tx, statement string, args ...any) error {
	_, err := tx.ExecContext(ctx, statement, args...)
	return err
}

// affected executes a statement, and returns how many rows it has changed.
func affected(ctx context.Context, tx *sql.Tx, statement string, args ...any) (int64, error) {
	result, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
