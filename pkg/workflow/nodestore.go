package workflow

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// NodeStore is where Argo's controller keeps the nodes of workflows that are too large for the API
// server; see [Options.NodeStore]. Its methods must be safe for concurrent use, and return soon after ctx
// ends. A client calls at most 16 at the same time. It reports an error that does not match [ErrNodesGone] as
// [ErrHistory], and repeats a call as that of a [History]. It waits for an answer for 30 seconds, and for that of
// Nodes for 2 seconds if the store was just away. Errors must not contain credentials.
type NodeStore interface {
	// Nodes returns the nodes of a workflow in one version, as the JSON of status.nodes. The client keeps
	// the bytes, and does not change them. The error matches [ErrNodesGone] if the store answered that it
	// does not have them.
	Nodes(ctx context.Context, ref NodesRef) ([]byte, error)
	// SaveNodes stores the nodes of a workflow, and returns the version by which Argo finds them. It
	// ignores ref.Version. It can be repeated.
	SaveNodes(ctx context.Context, ref NodesRef, nodes []byte) (version string, err error)
}

// NodesRef says which nodes a [NodeStore] returns.
type NodesRef struct {
	Namespace string
	UID       types.UID // of the workflow
	Version   string    // the workflow's status.offloadNodeStatusVersion
}

// loadNodes is the [status.OffloadedNodes] of the client.
func (c *WorkflowClient) loadNodes(
	ctx context.Context, _ string, uid types.UID, version string,
) (nodes []byte, err error) {
	gone, away, retryFor := false, false, c.retryFor
	if c.nodesOutage.JustOver() { // most states are of use without their nodes, too
		retryFor = -1
	}
	ask := func(limited context.Context) (err error) {
		nodes, err = c.nodeStore.Nodes(limited, NodesRef{Namespace: c.namespace, UID: uid, Version: version})
		gone = ctx.Err() == nil && errors.Is(err, ErrNodesGone)
		if gone {
			return nil
		}
		away = err != nil && (limited.Err() != nil || passing(err))
		return err
	}
	err = insist(ctx, retryFor, func() error { return c.askNodeStore(ctx, 2*time.Second, ask) })
	switch {
	case err != nil && away && ctx.Err() == nil:
		c.nodesOutage.Record()
		return nil, err
	case err != nil:
		return nil, err
	case gone:
		return nil, ErrNodesGone
	}
	return nodes, nil
}

// mostNodeRequests bounds the requests to the node store that are under way at the same time: thousands of
// calls may wait, and a database has connections for a hundred.
const mostNodeRequests = 16

// askNodeStore sends a request to the node store once fewer than mostNodeRequests are under way. afterOutage is its
// time limit if the store was just away.
func (c *WorkflowClient) askNodeStore(ctx context.Context, afterOutage time.Duration, ask func(context.Context) error) error {
	select {
	case c.nodeRequests <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.nodeRequests }()
	limit := answerTimeout
	if c.nodesOutage.JustOver() {
		limit = afterOutage
	}
	return inTime(ctx, limit, ask)
}

// saveNodes stores the nodes of a workflow and returns their version.
func (c *WorkflowClient) saveNodes(
	ctx context.Context, of *unstructured.Unstructured, nodes []byte,
) (version string, err error) {
	ref := NodesRef{Namespace: c.namespace, UID: of.GetUID()}
	save := func(ctx context.Context) (err error) {
		if version, err = c.nodeStore.SaveNodes(ctx, ref, nodes); err == nil && version == "" {
			err = errors.New("it returned no version of the nodes")
		}
		return err
	}
	err = insist(ctx, c.retryFor, func() error { return c.askNodeStore(ctx, answerTimeout, save) })
	return version, err
}

// offloadedIn returns the version of the nodes of obj that the client finds in its node store, or "".
func (c *WorkflowClient) offloadedIn(obj *unstructured.Unstructured) (version string) {
	if nodes, packed := nodesOf(obj); c.nodeStore != nil && len(nodes) == 0 && packed == "" {
		version, _, _ = unstructured.NestedString(obj.Object, "status", "offloadNodeStatusVersion")
	}
	return version
}

// editOffloaded returns the nodes of a workflow in that version with edits applied, which are by node ID.
func (c *WorkflowClient) editOffloaded(
	ctx context.Context, obj *unstructured.Unstructured, version string, edits map[string]status.NodeEdit,
) ([]byte, error) {
	nodes, err := c.loadNodes(ctx, "", obj.GetUID(), version)
	if err != nil {
		return nil, err
	}
	var edited bytes.Buffer
	edit := func(id string) wfjson.NodeEdit { return wfjson.NodeEdit(edits[id]) }
	err = wfjson.EditNodes(&edited, bytes.NewReader(nodes), edit)
	if err != nil {
		return nil, &fault.UnreadableError{Err: err}
	}
	return edited.Bytes(), nil
}

// withPacked returns a copy of obj with the nodes of that version as compressed nodes.
func (c *WorkflowClient) withPacked(
	ctx context.Context, obj *unstructured.Unstructured, version string,
) (*unstructured.Unstructured, error) {
	nodes, err := c.loadNodes(ctx, "", obj.GetUID(), version)
	if err != nil {
		return nil, err
	}
	text, err := packNodes(nodes)
	if err != nil {
		return nil, err
	}
	obj = obj.DeepCopy()
	unstructured.RemoveNestedField(obj.Object, "status", "offloadNodeStatusVersion")
	return obj, unstructured.SetNestedField(obj.Object, text, "status", "compressedNodes")
}

// storeNodes stores the nodes of a change, and makes its write name them.
func (c *WorkflowClient) storeNodes(ctx context.Context, obj *unstructured.Unstructured, ch *change) error {
	nodes, err := ch.nodes()
	if err != nil {
		return err
	}
	version, err := c.saveNodes(ctx, obj, nodes)
	if err != nil {
		return err
	}
	if ch.object != nil {
		return nameNodes(ch.object.Object, version)
	}
	return nameNodes(ch.patch, version)
}

// nameNodes makes a workflow, or a patch of one, name a version of its nodes in the node store.
func nameNodes(wf map[string]any, version string) error {
	return unstructured.SetNestedField(wf, version, "status", "offloadNodeStatusVersion")
}

// packNodes returns nodes as Argo compresses them.
func packNodes(nodes []byte) (string, error) {
	var packed bytes.Buffer
	encoder := base64.NewEncoder(base64.StdEncoding, &packed)
	zipper := gzip.NewWriter(encoder)
	_, err := zipper.Write(nodes)
	err = errors.Join(err, zipper.Close(), encoder.Close())
	return packed.String(), err
}

// unpackNodes returns the JSON of nodes that were compressed here.
func unpackNodes(packed string) ([]byte, error) {
	zipped, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(packed)))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(zipped)
}

// mostRereads is how often a workflow is read again because its nodes are no longer kept.
const mostRereads = 5

// readCurrent decodes a workflow that was just read. If its nodes are no longer kept in the version that
// it names, there is a newer state, which readCurrent reads.
func (c *WorkflowClient) readCurrent(
	ctx context.Context, obj *unstructured.Unstructured,
) (*unstructured.Unstructured, *status.WorkflowStatus, error) {
	for range mostRereads {
		s, err := c.readStatus(ctx, obj)
		if err != nil || !errors.Is(s.NodesErr, ErrNodesGone) {
			return obj, s, err
		}
		newer, err := c.getWith(ctx, c.pacer(), obj.GetName())
		switch {
		case err != nil && !notFound(err):
			return nil, nil, err
		case notFound(err), newer.GetUID() != obj.GetUID(), newer.GetResourceVersion() == obj.GetResourceVersion():
			return obj, s, nil
		}
		obj = newer
	}
	s, err := c.readStatus(ctx, obj)
	return obj, s, err
}
