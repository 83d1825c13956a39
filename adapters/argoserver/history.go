package argoserver

import (
	"context"
	"errors"
	"net/url"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// ByUID returns an archived workflow, with its nodes. Its label
// workflows.argoproj.io/workflow-archiving-status is Persisted. It takes one request. The error is an
// [*Error]; it matches [workflow.ErrNotFound] if the server answered that its archive has no such workflow,
// or that the workflow is of another namespace.
func (c *Client) ByUID(ctx context.Context, namespace string, uid types.UID) (*unstructured.Unstructured, error) {
	e := Error{Op: OpByUID, Namespace: namespace, UID: uid}
	if err := checkIDs(namespace, uid); err != nil {
		return nil, e.of(err)
	}
	u, err := c.archived(ctx, namespace, uid)
	if err != nil {
		return nil, e.of(err)
	}
	return u, nil
}

// ByName returns the archived workflow of a name that started last, by the controller's local clock. Argo's
// times are whole seconds: of two that started in the same second, it is either. It takes two requests, three if more than ten have the name. Otherwise it is like [Client.ByUID].
func (c *Client) ByName(ctx context.Context, namespace, name string) (*unstructured.Unstructured, error) {
	e := Error{Op: OpByName, Namespace: namespace, Name: name}
	if err := checkName(namespace, name); err != nil {
		return nil, e.of(err)
	}
	u, err := c.newest(ctx, namespace, name)
	if err != nil {
		return nil, e.of(err)
	}
	return u, nil
}

// newestPage is how many workflows of a name are read to find the newest.
const newestPage = 10

// newest looks for the workflow once more if it is deleted between the two requests. The server can answer
// both at once, but in 3.6 only if there is one workflow of the name.
func (c *Client) newest(ctx context.Context, namespace, name string) (*unstructured.Unstructured, error) {
	for range 2 {
		p := &pages{client: c, query: workflow.HistoryQuery{Namespace: namespace}, name: name, size: newestPage}
		rows, more, err := p.next(ctx)
		for err == nil && more && len(rows) == 0 { // deleted meanwhile
			rows, more, err = p.next(ctx)
		}
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			break
		}
		if rows[0].name != name {
			return nil, errOther
		}
		u, err := c.archived(ctx, namespace, rows[0].uid)
		if !isNotFound(err) {
			return u, err
		}
	}
	return nil, &failure{notFound: true}
}

// errOther is the error of a server that answers another question.
var errOther = errors.New("the Argo server returned another workflow than was asked for")

// archived reads one workflow.
func (c *Client) archived(ctx context.Context, namespace string, uid types.UID) (*unstructured.Unstructured, error) {
	document, err := c.read(ctx, request{
		path:  []string{"api", "v1", "archived-workflows", string(uid)},
		query: url.Values{"namespace": {namespace}},
	})
	if isNotFound(err) {
		c.hasArchive.Store(true)
	}
	if err != nil {
		return nil, err
	}
	u, err := decode(document)
	switch {
	case err != nil:
		return nil, err
	case u.GetUID() != uid:
		return nil, errOther
	}
	c.hasArchive.Store(true)
	if u.GetNamespace() != namespace {
		return nil, &failure{notFound: true}
	}
	return u, nil
}

// absentUID is the UID of no workflow.
const absentUID types.UID = "00000000-0000-0000-0000-000000000000"

// checkArchive returns an error if the server has no archive, and so answers every list as empty.
func (c *Client) checkArchive(ctx context.Context, namespace string) error {
	if c.hasArchive.Load() {
		return nil
	}
	_, err := c.archived(ctx, namespace, absentUID)
	if isNotFound(err) {
		return nil
	}
	return err
}
