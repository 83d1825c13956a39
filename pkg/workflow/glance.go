package workflow

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// glanceFor is how long a request that is refused anyway may take to find out what more is wrong
// with it.
const glanceFor = 2 * time.Second

// glance reads a workflow for what more is wrong with a request that is refused anyway, by one
// attempt. It returns nil if there is none to be read.
func (c *WorkflowClient) glance(ctx context.Context, name string, uid types.UID) (*unstructured.Unstructured, *status.WorkflowStatus) {
	if checkName(name) != nil {
		return nil, nil
	}
	obj, err := c.getWith(ctx, newPacer(time.Now()), name)
	if err != nil || uid != "" && obj.GetUID() != uid {
		return nil, nil
	}
	s, err := c.read(ctx, obj)
	if err != nil {
		return nil, nil
	}
	return obj, s
}
