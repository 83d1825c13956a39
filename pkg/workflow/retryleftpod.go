package workflow

import (
	"hash/fnv"
	"math"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// leftPod is the pod of a node that has ended.
type leftPod struct {
	node  string // its id
	name  string
	uid   types.UID
	grace time.Duration // for its processes to end
}

const (
	usualGrace = 30 * time.Second // Kubernetes' own default
	// podSlack is how much longer than that a pod may take to be gone, for the kubelet and
	// the controller, which has a finalizer on it.
	podSlack = 30 * time.Second
)

func readLeftPod(obj *unstructured.Unstructured) leftPod {
	pod := leftPod{node: obj.GetAnnotations()[annotationNodeID], name: obj.GetName(), uid: obj.GetUID(), grace: usualGrace}
	phase, _, _ := unstructured.NestedString(obj.Object, "status", "phase")
	stated, ok, err := unstructured.NestedInt64(obj.Object, "spec", "terminationGracePeriodSeconds")
	ending := obj.GetDeletionGracePeriodSeconds()
	switch {
	case ending != nil: // it is being deleted already
		pod.grace = secondsOf(*ending)
	case phase == "Succeeded" || phase == "Failed": // it has no processes any more
		pod.grace = 0
	case ok && err == nil:
		pod.grace = secondsOf(stated)
	}
	return pod
}

func secondsOf(n int64) time.Duration {
	return time.Duration(max(0, min(n, math.MaxInt32))) * time.Second
}

// podName is the name that the controller gives the pod of a node: in the old format the
// node's id, in the new one made of workflow, template and node.
func podName(wf *unstructured.Unstructured, n *status.Node) string {
	name := wf.GetName()
	if wf.GetAnnotations()[annotationPodNames] == "v1" {
		return n.ID
	}
	if n.Name == name {
		return name
	}
	template := n.TemplateName
	if n.TemplateRef.Name != "" {
		template = n.TemplateRef.Template
	}
	if template != "" {
		name += "-" + template
	}
	const longest = 253 - 1 - 10 // a dash, and the most digits that the hash can have
	if len(name) > longest {
		name = name[:longest]
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(n.Name)) // never fails
	return name + "-" + strconv.FormatUint(uint64(hash.Sum32()), 10)
}
