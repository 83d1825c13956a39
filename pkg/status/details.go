package status

import "time"

// NodeDetails is what a node states beside its fields, inputs and outputs.
type NodeDetails struct {
	// EstimatedDuration is Argo's guess, from earlier runs of the same template; 0: none.
	EstimatedDuration time.Duration
	// ResourcesDuration is what the node used by Argo's rough reckoning, see
	// [WorkflowStatus.ResourcesDuration]. It is there when the node has ended.
	ResourcesDuration map[string]time.Duration
	// PodIP is the address of a daemoned pod, HostNodeName the machine of a pod.
	PodIP, HostNodeName string
	// OutboundNodes are the ids of the last nodes of a group.
	OutboundNodes []string
	// TemplateScope is where the node's template was looked up, e.g. "namespaced/bulk-load";
	// "local/" and the workflow's name: in the workflow itself.
	TemplateScope string
	Memoization   Memoization
	// AwaitsTaskResult: the controller has not received the pod's outputs yet. Versions
	// before 3.7 do not tell.
	AwaitsTaskResult bool
	// FailedPodRestarts is how often the pod was started anew for reasons of its
	// machine. Versions before 4 do not tell.
	FailedPodRestarts int64
}

// Memoization tells of a node whose template is memoized. The zero value: it isn't.
type Memoization struct {
	// Hit: the outputs were taken from the cache, and nothing was run.
	Hit            bool
	Key, CacheName string
}

// Details reads what the node states beside its fields, inputs and outputs.
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
