package envtest

// Parts says how much of a cluster to start. Each value includes the ones after it.
type Parts int

const (
	// Everything, the default: nodes, and Argo's workflow-controller with the
	// stand-in for its executor.
	Everything Parts = iota
	// Nodes adds KWOK and one node to Controllers: pods run.
	Nodes
	// Controllers adds kube-controller-manager and kube-scheduler to APIServer:
	// Deployments make pods, owned objects are collected.
	Controllers
	// APIServer is etcd and kube-apiserver, with Argo's resources defined. Nothing
	// acts on any object, and namespaces have no default service account.
	APIServer
)

// has says whether these parts include the given ones.
func (p Parts) has(part Parts) bool { return p <= part }

// Options are the choices for a cluster. The zero value starts everything.
type Options struct {
	// Parts to start; default Everything.
	Parts Parts

	// FullCRDs installs Argo's full resource definitions, which validate and prune
	// (the default of Argo 4), in place of the minimal ones, which keep everything
	// (the default of Argo 3.7).
	FullCRDs bool

	// Progress is told of each step of the start and stop; default: nobody is. It
	// is called from the goroutine of Start or Stop.
	Progress func(step string)
}
