package argodb

import (
	"context"
	"database/sql"
	"errors"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// ByUID returns an archived workflow, with its nodes. Its label
// workflows.argoproj.io/workflow-archiving-status is Persisted. The error is an [*Error]; it matches
// [workflow.ErrNotFound] if the archive has no such workflow of this namespace, cluster name and
// instance ID.
func (d *Database) ByUID(ctx context.Context, namespace string, uid types.UID) (*unstructured.Unstructured, error) {
	u, err := d.archived(ctx, namespace, uid)
	if err != nil {
		return nil, Error{Op: OpByUID, Namespace: namespace, UID: uid}.of(err)
	}
	return u, nil
}

// ByName returns the newest archived workflow of a name, by status.startedAt or else
// metadata.creationTimestamp. Argo's times are whole seconds: of two that started in the same second, it is
// either. Otherwise it is like [Database.ByUID].
func (d *Database) ByName(ctx context.Context, namespace, name string) (*unstructured.Unstructured, error) {
	u, err := d.newest(ctx, namespace, name)
	if err == nil && u.GetName() != name { // MySQL compares without regard to case
		err = sql.ErrNoRows
	}
	if err != nil {
		return nil, Error{Op: OpByName, Namespace: namespace, Name: name}.of(err)
	}
	return u, nil
}

// newest looks for the UID first, so that the database sorts short rows. A row that is deleted in
// between is looked for once more.
func (d *Database) newest(ctx context.Context, namespace, name string) (*unstructured.Unstructured, error) {
	for range 2 {
		var uid string
		if err := d.row(ctx, d.newestUID(namespace, name), &uid); err != nil {
			return nil, err
		}
		u, err := d.archived(ctx, namespace, types.UID(uid))
		if !errors.Is(err, sql.ErrNoRows) {
			return u, err
		}
	}
	return nil, sql.ErrNoRows
}

// newestUID compares the times in the JSON, of those rows that can be the newest: clocks of two
// controllers differ by no more than 26 hours.
func (d *Database) newestUID(namespace, name string) *statement {
	const named = " from " + archiveTable + " where clustername = ? and instanceid = ? and namespace = ? and name = ?"
	args := []any{d.opts.ClusterName, d.opts.InstanceID, namespace, name}
	return d.statement("select uid"+named, args...).
		add(" and startedat >= (select max(startedat)"+named+") - interval '26' hour", args...).
		add(" order by " + d.jsonStartedAt("workflow") + " desc, uid desc limit 1")
}

// archived reads one workflow.
func (d *Database) archived(ctx context.Context, namespace string, uid types.UID) (*unstructured.Unstructured, error) {
	document, err := d.document(ctx, d.documentOf("workflow",
		archiveTable+" where clustername = ? and uid = ? and instanceid = ? and namespace = ?",
		d.opts.ClusterName, string(uid), d.opts.InstanceID, namespace))
	if err != nil {
		return nil, err
	}
	u, err := decode(d.opts.Dialect, document)
	if err != nil {
		return nil, err
	}
	if u.GetUID() != uid || u.GetNamespace() != namespace {
		return nil, errors.New("the archived workflow is not the one that its row names")
	}
	return u, nil
}
