package argodb

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// versionPrefix distinguishes the versions of this library from the controller's, which begin with fnv:.
const versionPrefix = "argoservice:"

// Nodes returns the offloaded nodes of a workflow, a JSON object. The controller deletes a version some
// minutes after it was replaced. The error is an [*Error]; it matches [workflow.ErrNodesGone] if that
// version isn't kept, and [workflow.ErrUnsupported] without [Options].NodesTable.
func (d *Database) Nodes(ctx context.Context, ref workflow.NodesRef) ([]byte, error) {
	failed := Error{Op: OpNodes, Namespace: ref.Namespace, UID: ref.UID}
	if err := d.hasNodes(); err != nil {
		failed.kind = workflow.ErrUnsupported
		return nil, failed.of(err)
	}
	nodes, err := d.document(ctx, d.documentOf("nodes",
		d.opts.NodesTable+" where clustername = ? and uid = ? and version = ? and namespace = ?",
		d.opts.ClusterName, string(ref.UID), ref.Version, ref.Namespace))
	if err == nil && !isObject(nodes) {
		err = errors.New("the nodes are not a JSON object")
	}
	if err != nil {
		return nil, failed.of(err)
	}
	return nodes, nil
}

// SaveNodes stores the nodes of a workflow under a new version, which no other call returns. So a call
// whose outcome is unknown can be repeated; the controller deletes versions that no workflow refers to.
// It does so by age, so write the version to the workflow at once. It needs the right to insert into
// [Options].NodesTable. The error is an [*Error]; it matches [workflow.ErrInvalid] for nodes that are
// not a JSON object or exceed [Options].MaxSize, before anything is sent.
func (d *Database) SaveNodes(ctx context.Context, ref workflow.NodesRef, nodes []byte) (string, error) {
	failed := Error{Op: OpSaveNodes, Namespace: ref.Namespace, UID: ref.UID}
	if err := d.hasNodes(); err != nil {
		failed.kind = workflow.ErrUnsupported
		return "", failed.of(err)
	}
	if err := d.checkNodes(ref, nodes); err != nil {
		failed.kind = workflow.ErrInvalid
		return "", failed.of(err)
	}
	version := versionPrefix + rand.Text()
	s := d.statement("insert into "+d.opts.NodesTable+" (clustername, uid, version, namespace, nodes) values (?, ?, ?, ?, ?)",
		d.opts.ClusterName, string(ref.UID), version, ref.Namespace, string(nodes))
	ctx, cancel := d.withTimeout(ctx)
	defer cancel()
	if _, err := d.db.ExecContext(ctx, s.text.String(), s.args...); err != nil {
		return "", failed.of(failure(ctx, err))
	}
	return version, nil
}

func (d *Database) hasNodes() error {
	if d.opts.NodesTable == "" {
		return errors.New("Options.NodesTable is empty: name the table of offloaded nodes")
	}
	return nil
}

func (d *Database) checkNodes(ref workflow.NodesRef, nodes []byte) error {
	switch {
	case ref.Namespace == "" || ref.UID == "":
		return errors.New("the workflow's namespace and UID are required")
	case len(nodes) > d.opts.MaxSize:
		return fmt.Errorf("nodes of %d bytes exceed the limit of %d; see Options.MaxSize", len(nodes), d.opts.MaxSize)
	case !isObject(nodes) || !json.Valid(nodes):
		return errors.New("the nodes are not a JSON object")
	}
	return nil
}

func isObject(document []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(document, " \t\r\n"), []byte("{"))
}
