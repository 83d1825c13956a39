package status

import "time"

// NodeDetails is what a node has besides its fields, inputs and outputs.
type NodeDetails struct {
	// EstimatedDuration is Argo's estimate from earlier runs of the same template, or 0.
	EstimatedDuration time.Duration
	// ResourcesDuration is what the node used by Argo's estimate; see
	// [WorkflowStatus.ResourcesDuration]. It is set once the node has ended.
	ResourcesDuration map[string]time.Duration
	// PodIP is the address of a daemoned pod, HostNodeName the Kubernetes node of a pod.
	PodIP, HostNodeName string
	// OutboundNodes are the ids of the last nodes of a group.
	OutboundNodes []string
	// TemplateScope is where the node's template was looked up, e.g. "namespaced/bulk-load", or
	// "local/" and the workflow's name for a template of the workflow itself.
	TemplateScope string
	Memoization   Memoization
	// AwaitsTaskResult means that the controller has not received the pod's outputs yet. It is
	// never set before Argo 3.7.
	AwaitsTaskResult bool
	// FailedPodRestarts is how often the pod was started again because of its machine. It is
	// never set before Argo 4.
	FailedPodRestarts int64
}

// Memoization describes a node whose template is memoized. The zero value means that it is not.
type Memoization struct {
	// Hit means that the outputs were taken from the cache and nothing was run.
	Hit            bool
	Key, CacheName string
}

// Details reads what the node has besides its fields, inputs and outputs.
func (n *Node) Details() NodeDetails {
	return readDetails(n.object("", new([]Dropped)))
}

func readDetails(o *object) NodeDetails {
	cached := o.object("memoizationStatus")
	received, known := o.flag("taskResultSynced")
	return NodeDetails{
		EstimatedDuration: o.seconds("estimatedDuration"),
		ResourcesDuration: o.durations("resourcesDuration"),
		PodIP:             o.string("podIP"),
		HostNodeName:      o.string("hostNodeName"),
		OutboundNodes:     o.strings("outboundNodes"),
		TemplateScope:     o.string("templateScope"),
		Memoization: Memoization{
			Hit: cached.bool("hit"), Key: cached.string("key"), CacheName: cached.string("cacheName"),
		},
		AwaitsTaskResult:  known && !received,
		FailedPodRestarts: o.int64("failedPodRestarts"),
	}
}
