package workflow

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

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// logPodsPage is how many pods are read at a time.
const logPodsPage = 500

// logPod is what matters of a pod to its logs.
type logPod struct {
	name             string
	uid              types.UID
	created          time.Time
	nodeID, nodeName string
	containers       []logContainer
}

// logContainer is the state of a container.
type logContainer struct {
	name      string
	started   bool      // it has a log
	ended     bool      // for good: nothing more will be written
	restarted bool      // there is a previous instance
	since     time.Time // when its present instance started, in whole seconds; zero: not known
}

// listLogPods returns the pods of a workflow, the older ones first, and the version to watch
// them from. It reads page by page, since a pod is large and little of it matters here.
func (c *WorkflowClient) listLogPods(ctx context.Context, s *status.WorkflowStatus) ([]*logPod, string, error) {
	if !canHavePods(s.Name) {
		return nil, "", nil
	}
	var pods []*logPod
	opts := metav1.ListOptions{LabelSelector: logPodsOf(s), Limit: logPodsPage}
	for {
		list, err := pace.Do(ctx, c.pacer(), func() (*unstructured.UnstructuredList, error) { return c.pods.List(ctx, opts) })
		if opts.Continue != "" && apierrors.IsResourceExpired(err) {
			pods, opts.Continue, opts.Limit = nil, "", 0 // anew, and all at once
			continue
		}
		if err != nil {
			return nil, "", err
		}
		for i := range list.Items {
			if pod := readLogPod(&list.Items[i], s.UID); pod != nil {
				pods = append(pods, pod)
			}
		}
		if opts.Continue = list.GetContinue(); opts.Continue == "" {
			slices.SortStableFunc(pods, func(a, b *logPod) int { return a.created.Compare(b.created) })
			return pods, list.GetResourceVersion(), nil
		}
	}
}

func logPodsOf(s *status.WorkflowStatus) string {
	return labels.Set{labelWorkflow: s.Name}.String()
}

// readLogPod reads a pod; nil if it belongs to another workflow of the same name. What is
// malformed or missing counts as not there.
func readLogPod(obj *unstructured.Unstructured, workflow types.UID) *logPod {
	for _, owner := range obj.GetOwnerReferences() {
		if owner.Kind == kind && owner.UID != workflow {
			return nil
		}
	}
	annotations := obj.GetAnnotations()
	pod := &logPod{
		name: obj.GetName(), uid: obj.GetUID(), created: obj.GetCreationTimestamp().Time,
		nodeID: annotations[annotationNodeID], nodeName: annotations[annotationNodeName],
	}
	phase, _, _ := unstructured.NestedString(obj.Object, "status", "phase")
	over := phase == "Succeeded" || phase == "Failed"
	restarts, _, _ := unstructured.NestedString(obj.Object, "spec", "restartPolicy")
	if obj.GetDeletionTimestamp() != nil {
		restarts = "Never"
	}
	for _, kind := range []struct{ spec, status string }{
		{"initContainers", "initContainerStatuses"}, {"containers", "containerStatuses"},
	} {
		states := map[string]map[string]any{}
		for _, state := range objectsAt(obj.Object, "status", kind.status) {
			name, _, _ := unstructured.NestedString(state, "name")
			states[name] = state
		}
		for _, spec := range objectsAt(obj.Object, "spec", kind.spec) {
			name, _, _ := unstructured.NestedString(spec, "name")
			restarts := restarts
			if own, found, _ := unstructured.NestedString(spec, "restartPolicy"); found { // of a sidecar
				restarts = own
			}
			container := readLogContainer(states[name], restarts)
			container.name = name
			container.ended = container.ended || over
			if states[name] == nil { // as with nodes that don't report it
				container.started = phase != "" && phase != "Pending"
				container.restarted = container.started // it may be
			}
			pod.containers = append(pod.containers, container)
		}
	}
	return pod
}

func readLogContainer(state map[string]any, restarts string) logContainer {
	c := logContainer{}
	for _, at := range [][]string{{"lastState", "terminated"}, {"state", "running"}, {"state", "terminated"}} {
		instance, found, _ := unstructured.NestedMap(state, at...)
		if !found {
			continue
		}
		c.started = true
		c.restarted = c.restarted || at[0] == "lastState"
		if text, _, _ := unstructured.NestedString(instance, "startedAt"); at[0] == "state" {
			c.since, _ = time.Parse(time.RFC3339, text) // zero, if it is not known
		}
		if at[0] == "state" && at[1] == "terminated" {
			code, _, _ := unstructured.NestedInt64(instance, "exitCode")
			c.ended = restarts == "Never" || restarts == "OnFailure" && code == 0
		}
	}
	return c
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

// logSources are what the pod's containers that are wanted can be read from.
func (c *WorkflowClient) logSources(pod *logPod, node logNode, filter *logFilter, atStart bool) []*logSource {
	var sources []*logSource
	for _, container := range pod.containers {
		if !filter.wantsContainer(container.name) {
			continue
		}
		source := &logSource{
			line:     LogLine{Pod: pod.name, Container: container.name, NodeID: node.id, Node: node.name},
			open:     c.logOpener(pod.name, container.name),
			position: newLogPosition(filter.since),
			retryFor: c.retryFor,
			previous: filter.previous,
			limit:    filter.limit,
			state:    container,
		}
		if atStart && container.started {
			source.tail = filter.tail
		}
		sources = append(sources, source)
	}
	return sources
}

// noLog reports whether err says that there is no log (any more, or yet): the pod is gone,
// or its container has not started. A kubelet answers 400 to the latter, but also when it
// fails to read a log, so what counts is its text: that of validateContainerLogStatus and
// GetKubeletContainerLogs in Kubernetes' pkg/kubelet/kubelet_pods.go, of LogLocation in its
// pkg/registry/core/pod/strategy.go, and of KWOK's getPodLogs, where a log was never written.
func noLog(err error) bool {
	if apierrors.IsNotFound(err) {
		return true
	}
	return apierrors.IsBadRequest(err) && slices.ContainsFunc([]string{
		" is waiting to start", // "ContainerCreating", "PodInitializing" and the like follow
		" is not available",    // it has no status yet
		" is terminated",       // without having been started
		"previous terminated container ",
		" no logs available", // the kubelet doesn't have the pod
		" is not valid for pod ",
		"no logs found for container ", "log target not found for container ", // KWOK's
	}, func(text string) bool { return strings.Contains(err.Error(), text) })
}
