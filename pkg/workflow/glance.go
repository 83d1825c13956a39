package workflow

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// glanceFor is the time limit for finding further problems of a request that is refused in any
// case.
const glanceFor = 2 * time.Second

// glance reads a workflow in one attempt, to find further problems of a request that is refused in
// any case. It returns nil if the workflow cannot be read.
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
