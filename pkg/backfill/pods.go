package backfill

import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

// Pods are the workers of a backfill, by what Kubernetes says of their pods. A pod that is being
// deleted counts as terminating and as nothing else; one that has ended is not counted.
type Pods struct {
	Running     int `json:"running"`
	Pending     int `json:"pending"`
	Terminating int `json:"terminating"`
	// Desired is how many there should be.
	Desired int `json:"desired"`
}

// Any reports whether a pod is left.
func (p Pods) Any() bool { return p.left() > 0 }

func (p Pods) left() int { return p.Running + p.Pending + p.Terminating }

// add counts a pod, as the API server gives it.
func (p *Pods) add(pod *unstructured.Unstructured) {
	phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
	switch {
	case phase == "Succeeded" || phase == "Failed":
	case pod.GetDeletionTimestamp() != nil:
		p.Terminating++
	case phase == "Running":
		p.Running++
	default: // Pending; Unknown, of a node that is lost, is nothing that runs for sure
		p.Pending++
	}
}
