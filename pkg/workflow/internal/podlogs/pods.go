package podlogs

import (
	"context"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// pod is the part of a pod that its logs depend on.
type pod struct {
	name             string
	uid              types.UID
	created          time.Time
	nodeID, nodeName string
	containers       []container
}

// container is the state of a container.
type container struct {
	name      string
	started   bool      // it has a log
	ended     bool      // for good: nothing more will be written
	restarted bool      // there is a previous instance
	since     time.Time // when its present instance started, in whole seconds; zero: unknown
}

// started reports whether a container of the pod has a log.
func (p *pod) started(name string) bool {
	return slices.ContainsFunc(p.containers, func(c container) bool { return c.name == name && c.started })
}

// listPods returns the pods of a workflow, the oldest first, and the resource version to watch them
// from. It reads in pages, since little of a large pod is kept.
func (c *Client) listPods(ctx context.Context, s *status.WorkflowStatus) ([]*pod, string, error) {
	const pageSize = 500
	if !naming.CanHavePods(s.Name) {
		return nil, "", nil
	}
	pacer := c.pacer(time.Now().Add(c.RetryFor))
	pacer.Outage = c.Outage
	var pods []*pod
	opts := metav1.ListOptions{LabelSelector: podSelector(s), Limit: pageSize}
	for {
		list, err := pace.Do(ctx, pacer, func() (*unstructured.UnstructuredList, error) { return c.Pods.List(ctx, opts) })
		if opts.Continue != "" && apierrors.IsResourceExpired(err) {
			pods, opts.Continue, opts.Limit = nil, "", 0 // start over, in one request
			continue
		}
		if err != nil {
			return nil, "", err
		}
		for i := range list.Items {
			if pod := decodePod(&list.Items[i], s.UID); pod != nil {
				pods = append(pods, pod)
			}
		}
		if opts.Continue = list.GetContinue(); opts.Continue == "" {
			slices.SortStableFunc(pods, func(a, b *pod) int { return a.created.Compare(b.created) })
			return pods, list.GetResourceVersion(), nil
		}
	}
}

func podSelector(s *status.WorkflowStatus) string {
	return labels.Set{naming.LabelWorkflow: s.Name}.String()
}

// decodePod returns nil for a pod of another workflow of the same name. What is malformed counts as
// missing.
func decodePod(obj *unstructured.Unstructured, workflow types.UID) *pod {
	for _, owner := range obj.GetOwnerReferences() {
		if owner.Kind == naming.Kind && owner.UID != workflow {
			return nil
		}
	}
	annotations := obj.GetAnnotations()
	return &pod{
		name: obj.GetName(), uid: obj.GetUID(), created: obj.GetCreationTimestamp().Time,
		nodeID: annotations[naming.AnnotationNodeID], nodeName: annotations[naming.AnnotationNodeName],
		containers: decodeContainers(obj),
	}
}

// decodeContainers returns the containers in the order in which the kubelet starts them.
func decodeContainers(obj *unstructured.Unstructured) []container {
	phase := stringAt(obj.Object, "status", "phase")
	podEnded := phase == "Succeeded" || phase == "Failed"
	podPolicy := stringAt(obj.Object, "spec", "restartPolicy")
	if obj.GetDeletionTimestamp() != nil {
		podPolicy = "Never"
	}
	var containers []container
	for _, field := range []struct{ spec, status string }{
		{"initContainers", "initContainerStatuses"}, {"containers", "containerStatuses"},
	} {
		states := map[string]map[string]any{}
		for _, state := range objectsAt(obj.Object, "status", field.status) {
			states[stringAt(state, "name")] = state
		}
		for _, spec := range objectsAt(obj.Object, "spec", field.spec) {
			name, policy := stringAt(spec, "name"), podPolicy
			if own, found, _ := unstructured.NestedString(spec, "restartPolicy"); found { // of a sidecar
				policy = own
			}
			c := decodeState(states[name], policy)
			c.name = name
			c.ended = c.ended || podEnded
			if states[name] == nil { // some virtual kubelets do not report it
				c.started = phase != "" && phase != "Pending"
				c.restarted = c.started // possibly
			}
			containers = append(containers, c)
		}
	}
	return containers
}

func decodeState(state map[string]any, restartPolicy string) container {
	c := container{}
	if _, found, _ := unstructured.NestedMap(state, "lastState", "terminated"); found {
		c.started, c.restarted = true, true
	}
	for _, kind := range []string{"running", "terminated"} {
		instance, found, _ := unstructured.NestedMap(state, "state", kind)
		if !found {
			continue
		}
		c.started = true
		c.since, _ = time.Parse(time.RFC3339, stringAt(instance, "startedAt")) // zero if it is unknown
		if kind == "terminated" {
			code, _, _ := unstructured.NestedInt64(instance, "exitCode")
			c.ended = restartPolicy == "Never" || restartPolicy == "OnFailure" && code == 0
		}
	}
	return c
}

func stringAt(obj map[string]any, path ...string) string {
	value, _, _ := unstructured.NestedString(obj, path...)
	return value
}

func objectsAt(obj map[string]any, path ...string) []map[string]any {
	items, _, _ := unstructured.NestedSlice(obj, path...)
	var objects []map[string]any
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// hasNoLog reports whether err says that there is no log, or none yet: the pod was deleted, or its
// container has not started. A kubelet answers 400 to the latter, but also if it fails to read a
// log, so the message decides: that of validateContainerLogStatus and GetKubeletContainerLogs in
// Kubernetes' pkg/kubelet/kubelet_pods.go, of LogLocation in its pkg/registry/core/pod/strategy.go,
// and of KWOK's getPodLogs, for a log that was never written.
func hasNoLog(err error) bool {
	if apierrors.IsNotFound(err) {
		return true
	}
	return apierrors.IsBadRequest(err) && slices.ContainsFunc([]string{
		" is waiting to start", // and why, such as "ContainerCreating"
		" is not available",    // it has no status yet
		" is terminated",       // without having been started
		"previous terminated container ",
		noLogsAvailable,
		" is not valid for pod ",
		"no logs found for container ", "log target not found for container ", // KWOK's
	}, func(text string) bool { return strings.Contains(err.Error(), text) })
}

// noLogsAvailable is part of what a kubelet answers that does not have the pod.
const noLogsAvailable = " no logs available"

// logDeleted reports whether err says that a log that existed was deleted.
func logDeleted(err error) bool {
	return apierrors.IsNotFound(err) || apierrors.IsBadRequest(err) && strings.Contains(err.Error(), noLogsAvailable)
}
