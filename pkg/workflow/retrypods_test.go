package workflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// podStore stores pods as the API server does.
type podStore struct {
	dynamic.ResourceInterface // for the methods that the test doesn't use

	mu      sync.Mutex
	pods    map[string]types.UID
	ends    map[string]time.Time // when a terminating pod is deleted
	grace   time.Duration
	remake  bool             // a deleted pod is recreated at once
	refused map[string]error // by verb
	expired []error          // answers to the next list requests that have a token
	foreign func(pod *unstructured.Unstructured)
	deletes []string
	lists   []string // the continue tokens of list requests
}

func podMissing(name string) error {
	return apierrors.NewNotFound(schema.GroupResource{Resource: "pods"}, name)
}

func (p *podStore) now(name string) (types.UID, bool) {
	if at, terminating := p.ends[name]; terminating && !time.Now().Before(at) {
		delete(p.ends, name)
		delete(p.pods, name)
		if p.remake {
			p.pods[name] = "new"
		}
	}
	uid, ok := p.pods[name]
	return uid, ok
}

func (p *podStore) Delete(_ context.Context, name string, opts metav1.DeleteOptions, _ ...string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	uid, ok := p.now(name)
	switch {
	case p.refused["delete"] != nil:
		return p.refused["delete"]
	case !ok:
		return podMissing(name)
	case opts.Preconditions == nil || *opts.Preconditions.UID != uid:
		return apierrors.NewConflict(schema.GroupResource{Resource: "pods"}, name, errors.New("another UID"))
	}
	p.deletes = append(p.deletes, name+" "+string(uid))
	if _, terminating := p.ends[name]; !terminating {
		p.ends[name] = time.Now().Add(p.grace)
	}
	return nil
}

func (p *podStore) object(name string, uid types.UID) unstructured.Unstructured {
	pod := unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{
			"name": name, "uid": string(uid),
			"labels":          map[string]any{naming.LabelWorkflow: "w"},
			"annotations":     map[string]any{naming.AnnotationNodeID: name},
			"ownerReferences": []any{map[string]any{"apiVersion": apiVersion, "kind": kind, "name": "w", "uid": "u"}},
		},
		"spec": map[string]any{"terminationGracePeriodSeconds": int64(p.grace / time.Second)},
	}}
	if p.foreign != nil {
		p.foreign(&pod)
	}
	return pod
}

func (p *podStore) Get(_ context.Context, name string, _ metav1.GetOptions, _ ...string) (*unstructured.Unstructured, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	uid, ok := p.now(name)
	switch {
	case p.refused["get"] != nil:
		return nil, p.refused["get"]
	case !ok:
		return nil, podMissing(name)
	}
	obj := p.object(name, uid)
	return &obj, nil
}

// List returns one pod per page.
func (p *podStore) List(_ context.Context, opts metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lists = append(p.lists, opts.Continue)
	if err := p.refused["list"]; err != nil {
		return nil, err
	}
	if opts.Continue != "" && len(p.expired) > 0 {
		err := p.expired[0]
		p.expired = p.expired[1:]
		return nil, err
	}
	var names []string
	for name := range p.pods {
		names = append(names, name)
	}
	slices.Sort(names)
	list := &unstructured.UnstructuredList{Object: map[string]any{}}
	_, after, _ := strings.Cut(opts.Continue, ":")
	for _, name := range names {
		if name <= after {
			continue
		}
		if opts.Limit > 0 && len(list.Items) == 1 {
			list.SetContinue("token:" + list.Items[0].GetName())
			break
		}
		list.Items = append(list.Items, p.object(name, p.pods[name]))
	}
	return list, nil
}

func newPodStore(grace time.Duration, refused ...string) *podStore {
	p := &podStore{
		pods: map[string]types.UID{"w-1": "u1", "w-2": "u2", "w-3": "u3"}, ends: map[string]time.Time{}, grace: grace,
		refused: map[string]error{},
	}
	for _, verb := range refused {
		p.refused[verb] = apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("no "+verb))
	}
	return p
}

// threeFailed returns a workflow and three of its failed nodes, whose pods have the nodes' names.
func threeFailed(t *testing.T) (*unstructured.Unstructured, []*status.Node) {
	t.Helper()
	obj := workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, uid: u, annotations: {workflows.argoproj.io/pod-name-format: v1}}
status:
  phase: Failed
  nodes:
    w: {name: w, type: DAG, phase: Failed, children: [w-1, w-2, w-3]}
    w-1: {name: w.a, type: Pod, phase: Failed, boundaryID: w}
    w-2: {name: w.b, type: Pod, phase: Failed, boundaryID: w}
    w-3: {name: w.c, type: Pod, phase: Failed, boundaryID: w}
`)
	planned, err := planOfRetry(t, obj, RetryOptions{})
	if err != nil || len(planned.Pods()) != 3 {
		t.Fatal(err, planned)
	}
	return planned.object, planned.Pods()
}

// Pods get their grace period, however short RetryFor is.
func TestRetryWaitsForThePods(t *testing.T) {
	for _, refused := range [][]string{nil, {"list"}} {
		for _, grace := range []time.Duration{0, 30 * time.Second, 10 * time.Minute} {
			t.Run(fmt.Sprint(refused, grace), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := newPodStore(grace, refused...)
					c := &WorkflowClient{pods: store, retryFor: -1}
					wf, nodes := threeFailed(t)
					pods, err := c.podsOf(t.Context(), wf, nodes)
					if err != nil || len(pods) != 3 {
						t.Fatal(pods, err)
					}
					err = c.deletePods(t.Context(), pods)
					if err != nil || len(store.pods) > 0 {
						t.Errorf("%v, %d pods left", err, len(store.pods))
					}
				})
			})
		}
	}
}

func TestRetryWaitsForPodsWithinItsLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newPodStore(time.Minute)
		c := &WorkflowClient{pods: store, retryFor: time.Second}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		began := time.Now()
		err := c.deletePods(ctx, []leftPod{{name: "w-1", uid: "u1", grace: time.Minute}})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 20*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		err = c.deletePods(t.Context(), []leftPod{{name: "w-2", uid: "u2"}})
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "pod w-2") {
			t.Error(err)
		}
	})
}

// A pod of the same name that the controller has created in the meantime belongs to another
// attempt.
func TestRetryLeavesNewPodsAlone(t *testing.T) {
	for _, refused := range [][]string{nil, {"list"}} {
		t.Run(fmt.Sprint(refused), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newPodStore(time.Second, refused...)
				store.remake = true
				c := &WorkflowClient{pods: store, retryFor: time.Minute}
				wf, nodes := threeFailed(t)
				pods, err := c.podsOf(t.Context(), wf, nodes)
				if err != nil {
					t.Fatal(err)
				}
				if err := c.deletePods(t.Context(), pods); err != nil {
					t.Error(err)
				}
				for _, deleted := range store.deletes {
					if strings.HasSuffix(deleted, "new") {
						t.Errorf("deleted %s", deleted)
					}
				}
				if len(store.deletes) < 3 {
					t.Errorf("%d deletes", len(store.deletes))
				}
			})
		})
	}
}

func TestRetryFindsNoPodOfAnotherNode(t *testing.T) {
	store := newPodStore(0, "list")
	c := &WorkflowClient{pods: store}
	wf, nodes := threeFailed(t)
	for _, n := range nodes {
		store.pods[n.ID+"-x"] = "u"
		n.ID += "-x" // a pod's name; the pod has another node in its annotation
	}
	store.foreign = func(pod *unstructured.Unstructured) {
		pod.SetAnnotations(map[string]string{naming.AnnotationNodeID: strings.TrimSuffix(pod.GetName(), "-x")})
	}
	if pods, err := c.podsOf(t.Context(), wf, nodes); err != nil || len(pods) != 0 {
		t.Error(pods, err)
	}
}

// The nodes of a workflow can name any pod, because any client that may write the workflow may
// write its nodes.
func TestRetryDeletesNoPodOfOthers(t *testing.T) {
	for name, foreign := range map[string]func(pod *unstructured.Unstructured){
		"no label":                 func(pod *unstructured.Unstructured) { pod.SetLabels(nil) },
		"another workflow's label": func(pod *unstructured.Unstructured) { pod.SetLabels(map[string]string{naming.LabelWorkflow: "v"}) },
		"no owner":                 func(pod *unstructured.Unstructured) { pod.SetOwnerReferences(nil) },
		"an owner without a UID": func(pod *unstructured.Unstructured) {
			pod.SetOwnerReferences([]metav1.OwnerReference{{Kind: kind, Name: "w"}})
		},
		"an earlier workflow": func(pod *unstructured.Unstructured) {
			pod.SetOwnerReferences([]metav1.OwnerReference{{Kind: kind, Name: "w", UID: "t"}})
		},
		"another kind": func(pod *unstructured.Unstructured) {
			pod.SetOwnerReferences([]metav1.OwnerReference{{Kind: "Job", Name: "w", UID: "u"}})
		},
		"another node": func(pod *unstructured.Unstructured) {
			pod.SetAnnotations(map[string]string{naming.AnnotationNodeID: "w-9"})
		},
	} {
		for _, refused := range [][]string{nil, {"list"}} {
			t.Run(fmt.Sprint(name, refused), func(t *testing.T) {
				store := newPodStore(0, refused...)
				store.foreign = foreign
				c := &WorkflowClient{pods: store}
				wf, nodes := threeFailed(t)
				if pods, err := c.podsOf(t.Context(), wf, nodes); err != nil || len(pods) != 0 {
					t.Error(pods, err)
				}
			})
		}
	}
}

// Without the permission to see pods, Retry writes nothing: the controller would mistake a
// remaining pod for that of the new attempt.
func TestRetryThatCannotSeePodsWritesNothing(t *testing.T) {
	obj := workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, namespace: ma, uid: u, resourceVersion: "1", annotations: {workflows.argoproj.io/pod-name-format: v1}}
status:
  phase: Failed
  finishedAt: "1999-01-01T00:00:00Z"
  nodes:
    w: {id: w, name: w, type: DAG, phase: Failed, children: [w-1]}
    w-1: {id: w-1, name: w.a, type: Pod, phase: Failed, boundaryID: w}
`)
	c := scripted(t, func(r *http.Request) (any, error) {
		if r.Method != http.MethodGet {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		return obj, nil
	})
	store := newPodStore(0, "list", "get")
	c.pods = store
	_, err := c.Retry(t.Context(), "w", RetryOptions{})
	if !errors.Is(err, ErrForbidden) || !strings.Contains(err.Error(), "grant list or get on pods") || len(store.deletes) > 0 {
		t.Errorf("%v, deleted %v", err, store.deletes)
	}
}

// A node's ID and its template's name can be any string, so a pod name made of them may be invalid.
func TestRetryGetsNoPodOfAnInvalidName(t *testing.T) {
	store := newPodStore(0, "list")
	c := &WorkflowClient{pods: store}
	wf, nodes := threeFailed(t)
	for i, id := range []string{"../../secrets/s", "-x", strings.Repeat("a", 300)} {
		nodes[i].ID = id
	}
	store.refused["get"] = errors.New("got")
	if pods, err := c.podsOf(t.Context(), wf, nodes); err != nil || len(pods) != 0 {
		t.Error(pods, err)
	}
}

func TestRetryListsPodsDespiteExpiredTokens(t *testing.T) {
	newer := apierrors.NewResourceExpired("too old")
	newer.ErrStatus.Continue = "newer:w-1"
	for name, tc := range map[string]struct {
		expired []error
		lists   []string
	}{
		"from a newer state": {[]error{newer}, []string{"", "token:w-1", "newer:w-1", "token:w-2"}},
		"from the start":     {[]error{apierrors.NewResourceExpired("too old")}, []string{"", "token:w-1", ""}},
		"expired twice":      {[]error{newer, newer}, []string{"", "token:w-1", "newer:w-1", ""}},
	} {
		store := newPodStore(0)
		store.expired = tc.expired
		c := &WorkflowClient{pods: store}
		wf, nodes := threeFailed(t)
		pods, err := c.podsOf(t.Context(), wf, nodes)
		if err != nil || len(pods) != 3 || !slices.Equal(store.lists, tc.lists) {
			t.Errorf("%s: %v, %v, %q", name, pods, err, store.lists)
		}
	}
}

// The wait for pods doesn't count against RetryFor: a conflict after it is retried.
func TestRetryAfterAConflictThatFollowsALongWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		writes := 0
		obj := workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, namespace: ma, uid: u, resourceVersion: "1"}
status: {phase: Failed, finishedAt: "1999-01-01T00:00:00Z", nodes: {w: {id: w, name: w, type: Pod, phase: Failed}}}
`)
		c := scripted(t, func(r *http.Request) (any, error) {
			if r.Method != http.MethodPut || r.URL.Query().Get("dryRun") != "" {
				if writes == 2 { // the controller has ended the workflow again
					obj.SetResourceVersion("3")
				}
				return obj, nil
			}
			if writes++; writes == 1 {
				return nil, apierrors.NewConflict(schema.GroupResource{Resource: "workflows"}, "w", errors.New("another client was quicker"))
			}
			return obj, nil
		})
		store := newPodStore(10 * time.Minute)
		store.pods = map[string]types.UID{"w": "u1"}
		c.pods = store
		_, err := c.Retry(t.Context(), "w", RetryOptions{})
		if err != nil || writes != 2 {
			t.Errorf("%v after %d writes", err, writes)
		}
	})
}
