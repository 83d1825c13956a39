package workflow

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

// diagnoseStart finds out why no controller has picked up a workflow. It looks at the controllers
// that have picked up other workflows in the namespace.
func (c *WorkflowClient) diagnoseStart(ctx context.Context, s *status.WorkflowStatus) *status.StartDiagnostic {
	d := &status.StartDiagnostic{Waited: c.diagnoseAfter, InstanceID: s.Labels[naming.LabelInstanceID]}
	if len(s.Template.Name) > naming.MaxLength {
		d.LongTemplate = s.Template.Name
	}
	d.Served, d.Searched = c.searches.find(ctx, d.InstanceID, func(ctx context.Context) ([]string, bool) {
		return c.instancesAtWork(ctx, d.InstanceID)
	})
	return d
}

// instancesAtWork returns id if a controller with that instance ID has picked up a workflow, or
// else the instance ID of another controller that has. It reads at most two workflows. ok is false
// if the result is unknown, because the caller may not list or a request failed.
func (c *WorkflowClient) instancesAtWork(ctx context.Context, id string) (served []string, ok bool) {
	same, err := instanceRequirement(id)
	if err != nil {
		return nil, false
	}
	for _, requirements := range []labels.Requirements{{*same}, nil} {
		id, found, err := c.instanceAtWork(ctx, requirements)
		if err != nil {
			return nil, false
		}
		if found {
			return []string{id}, true
		}
	}
	return nil, true
}

// instanceAtWork returns the instance ID of a workflow that meets the requirements and that a
// controller has picked up. found reports whether there is one.
func (c *WorkflowClient) instanceAtWork(ctx context.Context, requirements labels.Requirements) (id string, found bool, err error) {
	seen, err := labels.NewRequirement(naming.LabelPhase, selection.Exists, nil)
	if err != nil {
		return "", false, err
	}
	page, err := c.source.List(ctx, source.ListOptions{ListOptions: metav1.ListOptions{
		LabelSelector: labels.NewSelector().Add(*seen).Add(requirements...).String(), Limit: 1,
	}})
	if err != nil || len(page.Items) == 0 {
		return "", false, err
	}
	object, err := page.Items[0].Object()
	if err != nil {
		return "", false, err
	}
	return object.GetLabels()[naming.LabelInstanceID], true, nil
}

// instanceRequirement returns the label requirement by which Argo's controller selects its
// workflows: those with that instance ID or, if it is "", those without one.
func instanceRequirement(id string) (*labels.Requirement, error) {
	if id == "" {
		return labels.NewRequirement(naming.LabelInstanceID, selection.DoesNotExist, nil)
	}
	return labels.NewRequirement(naming.LabelInstanceID, selection.Equals, []string{id})
}
