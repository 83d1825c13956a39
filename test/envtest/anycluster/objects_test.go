package anycluster_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// labelRun is the label of all objects that a run makes. Its value is the run's ID.
const labelRun = "argoservice-conformance/run"

func argo(plural string) schema.GroupVersionResource { return argotest.Resource(plural) }

// meta returns the metadata of an object of the run.
func (r *run) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Labels: map[string]string{labelRun: r.id}}
}

// labelledClient labels the workflows that it creates.
type labelledClient struct {
	workflow.Interface
	id string
}

func (c labelledClient) Start(ctx context.Context, req workflow.StartRequest) (*workflow.StartResult, error) {
	req.Labels = withRun(req.Labels, c.id)
	return c.Interface.Start(ctx, req)
}

func (c labelledClient) Resubmit(
	ctx context.Context, name string, opts workflow.ResubmitOptions,
) (*status.WorkflowStatus, error) {
	opts.Labels = withRun(opts.Labels, c.id)
	return c.Interface.Resubmit(ctx, name, opts)
}

func withRun(labels map[string]string, id string) map[string]string {
	labels = maps.Clone(labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[labelRun] = id
	return labels
}

// labelledDynamic labels the objects that it creates.
type labelledDynamic struct {
	dynamic.Interface
	id string
}

func (d labelledDynamic) Resource(resource schema.GroupVersionResource) dynamic.NamespaceableResourceInterface {
	all := d.Interface.Resource(resource)
	return labelledResource{all, labelledObjects{all, d.id}}
}

type labelledResource struct {
	dynamic.NamespaceableResourceInterface
	cluster labelledObjects
}

func (r labelledResource) Namespace(name string) dynamic.ResourceInterface {
	return labelledObjects{r.NamespaceableResourceInterface.Namespace(name), r.cluster.id}
}

func (r labelledResource) Create(
	ctx context.Context, o *unstructured.Unstructured, opts metav1.CreateOptions, subresources ...string,
) (*unstructured.Unstructured, error) {
	return r.cluster.Create(ctx, o, opts, subresources...)
}

type labelledObjects struct {
	dynamic.ResourceInterface
	id string
}

func (in labelledObjects) Create(
	ctx context.Context, o *unstructured.Unstructured, opts metav1.CreateOptions, subresources ...string,
) (*unstructured.Unstructured, error) {
	o = o.DeepCopy()
	o.SetLabels(withRun(o.GetLabels(), in.id))
	return in.ResourceInterface.Create(ctx, o, opts, subresources...)
}

// clean removes the run's objects from its namespace, and its ClusterWorkflowTemplates, and returns
// when they are deleted. It keeps those with the name keep.
func (r *run) clean(ctx context.Context, keep string) error {
	errs := []error{r.cleanOf(ctx, r.dyn.Resource(argo("clusterworkflowtemplates")), keep)}
	v1 := func(group, plural string) schema.GroupVersionResource {
		return schema.GroupVersionResource{Group: group, Version: "v1", Resource: plural}
	}
	for _, resource := range []schema.GroupVersionResource{
		argo("cronworkflows"), argo("workflows"), argo("workflowtasksets"), argo("workflowtemplates"),
		v1("", "pods"), v1("", "resourcequotas"), v1("", "serviceaccounts"),
		v1(rbacv1.GroupName, "rolebindings"), v1(rbacv1.GroupName, "roles"),
	} {
		errs = append(errs, r.cleanOf(ctx, r.dyn.Resource(resource).Namespace(r.namespace), keep))
	}
	return errors.Join(errs...)
}

func (r *run) cleanOf(ctx context.Context, objects dynamic.ResourceInterface, keep string) error {
	var left []string
	err := wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		list, err := objects.List(ctx, metav1.ListOptions{LabelSelector: labelRun + "=" + r.id})
		if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) { // then none could be made
			return true, nil
		}
		if err != nil {
			return false, err
		}
		left = nil
		for i := range list.Items {
			o := &list.Items[i]
			if o.GetName() == keep {
				continue
			}
			left = append(left, o.GetKind()+" "+o.GetName())
			if err := remove(ctx, objects, o); err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
				return false, err
			}
		}
		return len(left) == 0, nil
	})
	if err != nil {
		return fmt.Errorf("remove objects: %w (left: %q)", err, left)
	}
	return nil
}

// remove requests the deletion of an object of the run. The specs set finalizers, which no controller
// removes.
func remove(ctx context.Context, objects dynamic.ResourceInterface, o *unstructured.Unstructured) error {
	if len(o.GetFinalizers()) > 0 && !slices.ContainsFunc(o.GetFinalizers(), func(name string) bool {
		return name != "argoservice.test/held" && name != "workflows.argoproj.io/artifact-gc"
	}) {
		if _, err := objects.Patch(ctx, o.GetName(), types.MergePatchType,
			fmt.Appendf(nil, `{"metadata":{"finalizers":null,"uid":%q}}`, o.GetUID()), metav1.PatchOptions{}); err != nil {
			return err
		}
	}
	if o.GetDeletionTimestamp() != nil {
		return nil
	}
	background, uid := metav1.DeletePropagationBackground, o.GetUID()
	return objects.Delete(ctx, o.GetName(), metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &uid}, PropagationPolicy: &background,
	})
}
