package workers

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
)

// Labels and annotations that Argo, or a workflow's template, sets.
const (
	labelWorkflow  = "workflows.argoproj.io/workflow"
	annotationNode = "workflows.argoproj.io/node-id"
)

var (
	// ErrNone means that the workflow does not have a Deployment or ReplicaSet of workers.
	ErrNone = errors.New("the workflow has no workers")
	// ErrSeveral means that there is more than one Deployment or ReplicaSet, so a number of workers
	// is ambiguous.
	ErrSeveral = errors.New("scaling needs exactly one Deployment or ReplicaSet of workers")
	// ErrStopped means that the Deployment is stopped, and neither running nor paused.
	ErrStopped = errors.New("the Deployment is stopped")
)

// ReplacedError is the error of a call about a workflow that was deleted and created again under
// its name.
type ReplacedError struct{ UID types.UID }

func (e *ReplacedError) Error() string { return fmt.Sprintf("its UID is now %s", e.UID) }

// LostWriteError is the error of a write that may have taken effect although it failed.
type LostWriteError struct{ Err error }

func (e *LostWriteError) Error() string { return e.Err.Error() }
func (e *LostWriteError) Unwrap() error { return e.Err }

// Op is an operation, as [Run] receives it.
type Op int

const (
	// OpRead only reads.
	OpRead Op = iota
	// OpScale may write: replicas and records.
	OpScale
)

// Run runs an operation: it calls attempt until it succeeds or fails for good. Each attempt reads
// the cluster again, so it can be repeated after any error, a conflict among them. Run may change
// the error.
type Run func(ctx context.Context, op Op, attempt func(context.Context) error) error

// Pool is the workers of one backfill: those of a workflow, by its label, or one Deployment. It
// holds no state but its configuration, and is safe for concurrent use. Calls block while run does.
type Pool struct {
	client     dynamic.Interface
	run        Run
	namespace  string
	workflow   string
	uid        types.UID // the workflow's UID; "" if it does not exist, but may have left workers
	deployment string
}

// OfWorkflow returns the workers of a workflow. An empty uid means that the workflow does not
// exist, or was deleted: its workers are those that it left.
func OfWorkflow(client dynamic.Interface, run Run, namespace, name string, uid types.UID) *Pool {
	return &Pool{client: client, run: run, namespace: namespace, workflow: name, uid: uid}
}

// OfDeployment returns the workers of a Deployment that does not belong to a workflow.
func OfDeployment(client dynamic.Interface, run Run, namespace, name string) *Pool {
	return &Pool{client: client, run: run, namespace: namespace, deployment: name}
}

func deployments() schema.GroupVersionResource { return appsResource("deployments") }
func replicaSets() schema.GroupVersionResource { return appsResource("replicasets") }

func appsResource(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: plural}
}

func podResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: "pods"}
}

func (p *Pool) resource(resource schema.GroupVersionResource) dynamic.ResourceInterface {
	return p.client.Resource(resource).Namespace(p.namespace)
}

// CheckExists returns nil if the Deployment exists. The workers of a workflow always exist, and may
// be none.
func (p *Pool) CheckExists(ctx context.Context) error {
	return p.run(ctx, OpRead, func(ctx context.Context) error {
		_, err := p.list(ctx)
		return err
	})
}

// List returns the Deployments and ReplicaSets with their records, without the ReplicaSets of a
// Deployment.
func (p *Pool) List(ctx context.Context) (found []*Workload, err error) {
	err = p.run(ctx, OpRead, func(ctx context.Context) error {
		found, _, err = p.listWithRecords(ctx)
		return err
	})
	return found, err
}

// list returns the workloads without their records.
func (p *Pool) list(ctx context.Context) ([]*Workload, error) {
	if p.deployment != "" {
		o, err := p.resource(deployments()).Get(ctx, p.deployment, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		found, err := newWorkload(deployments(), o)
		return []*Workload{found}, err
	}
	var all []*Workload
	for _, resource := range []schema.GroupVersionResource{deployments(), replicaSets()} {
		list, err := p.resource(resource).List(ctx, metav1.ListOptions{LabelSelector: labelWorkflow + "=" + p.workflow})
		if err != nil {
			return nil, err
		}
		for i := range list.Items {
			if owner := metav1.GetControllerOf(&list.Items[i]); owner != nil && owner.Kind == "Deployment" {
				continue
			}
			found, err := newWorkload(resource, &list.Items[i])
			if err != nil {
				return nil, err
			}
			all = append(all, found)
		}
	}
	return all, nil
}

// listWithRecords reads the records after the workloads: a write in between shows as a conflict
// when a workload is scaled, or when reconcile reads again.
func (p *Pool) listWithRecords(ctx context.Context) ([]*Workload, storedRecords, error) {
	found, err := p.list(ctx)
	if err != nil || len(found) == 0 {
		return nil, storedRecords{}, err
	}
	stored, err := p.readRecords(ctx)
	if err != nil {
		return nil, storedRecords{}, err
	}
	for _, each := range found {
		if r, ok := stored.records[each.uid]; ok {
			each.Record = &r
		}
	}
	return found, stored, nil
}

// lostWrite marks the error of a write that may have taken effect.
func lostWrite(err error) error {
	if fault.MayHaveHappened(err) {
		return &LostWriteError{err}
	}
	return err
}
