package workflow

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
)

// awaitNoRemains blocks until nothing is left of earlier workflows of the claimed name. The
// controller finds pods, task results and task sets by names that it derives from the workflow's, so
// it would take them for those of the new workflow. If another workflow has taken the name, what is
// left may belong to that. awaitNoRemains then returns the workflow if the request accepts it as its
// own, and otherwise an error.
func (c *WorkflowClient) awaitNoRemains(ctx context.Context, s *submission) (taken *unstructured.Unstructured, err error) {
	s.pacer = c.pacer()
	if s.deleted { // giving up would leave the caller without either workflow
		s.pacer.Until = time.Time{}
	}
	failed := func(err error) error {
		return s.failed(fmt.Errorf("wait until nothing is left of the replaced workflow: %w", err))
	}
	every := newPacer(time.Time{})
	for {
		left, err := c.remains(ctx, s.pacer, s.claim.Name)
		switch {
		case err != nil:
			return nil, failed(err)
		case left == "":
			s.pacer = c.pacer() // the wait may have taken hours
			return nil, nil
		}
		taken, err := c.adopt(ctx, s)
		switch {
		case err == nil:
			return taken, nil
		case !notFound(err):
			return nil, s.failed(err)
		case !every.PauseSilently(ctx, nil):
			return nil, failed(fmt.Errorf("%s still exists: %w", left, pace.Interruption(ctx, nil)))
		}
	}
}

// remains returns a pod, a task result or a task set of workflows of that name, or "" if there is
// none.
func (c *WorkflowClient) remains(ctx context.Context, p *pace.Pacer, name string) (string, error) {
	labelled := metav1.ListOptions{LabelSelector: labels.Set{naming.LabelWorkflow: name}.String(), Limit: 1}
	pods, err := pace.Do(ctx, p, func() (*unstructured.UnstructuredList, error) { return c.pods.List(ctx, labelled) })
	switch {
	case err != nil:
		return "", err
	case len(pods.Items) > 0:
		return "pod " + shown.Name(pods.Items[0].GetName()), nil
	}
	// A task set has the workflow's name, and no label of it.
	named := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name).String(), Limit: 1}
	for _, of := range []struct {
		resource, noun string
		opts           metav1.ListOptions
	}{
		{"workflowtaskresults", "task result", labelled}, {"workflowtasksets", "task set", named},
	} {
		found, err := pace.Do(ctx, p, func() (*metav1.PartialObjectMetadataList, error) {
			return c.metadata.ListMetadata(ctx, of.resource, c.namespace, of.opts)
		})
		switch {
		case fault.MissingResource(err): // a cluster that does not have the resource has no objects of it
		case err != nil:
			return "", err
		case len(found.Items) > 0:
			return of.noun + " " + shown.Name(found.Items[0].Name), nil
		}
	}
	return "", nil
}
