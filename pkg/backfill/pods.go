package backfill

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
func (p Pods) Any() bool { return p.Running+p.Pending+p.Terminating > 0 }

// count adds a pod, as the API server gives it.
func (p *Pods) count(phase string, deleted bool) {
	switch {
	case phase == "Succeeded" || phase == "Failed":
	case deleted:
		p.Terminating++
	case phase == "Running":
		p.Running++
	default: // Pending; Unknown, of a node that is lost, is nothing that runs for sure
		p.Pending++
	}
}
