package envtest

// Parts is how much of a cluster to start. Each value includes the ones after it.
type Parts int

const (
	// Everything is the default. It adds Argo's workflow-controller and the stand-in for its
	// executor to Nodes.
	Everything Parts = iota
	// Nodes adds KWOK and one node to Controllers: pods run.
	Nodes
	// Controllers adds kube-controller-manager and kube-scheduler to APIServer: Deployments create
	// pods, and owned objects are garbage collected.
	Controllers
	// APIServer is etcd and kube-apiserver, with Argo's resources defined. No controller acts on
	// any object, and namespaces have no default service account.
	APIServer
	// NoCluster is only the database of [Options]. The cluster has no API server, so Config returns nil.
	NoCluster
)

// has reports whether these parts include the given ones.
func (p Parts) has(part Parts) bool { return p <= part }

// Definitions is a set of definitions of Argo's resources.
type Definitions string

const (
	// MinimalDefinitions keep all fields. They are the default of Argo 3.
	MinimalDefinitions Definitions = "minimal"
	// FullDefinitions validate objects and prune unknown fields. They are the default of Argo 4.
	FullDefinitions Definitions = "full"
)

// Options configures a cluster. The zero value starts everything.
type Options struct {
	// Parts is how much to start. It defaults to Everything.
	Parts Parts

	// Definitions are the definitions of Argo's resources. It defaults to those that the version of
	// Argo installs by default.
	Definitions Definitions

	// Node runs pods for real, by a kubelet, containerd and Argo's executor in place of KWOK and the
	// stand-in. It needs the namespaces that hack/node makes, with one such cluster at a time.
	Node bool

	// Database, if not "", starts a database server beside the cluster. With Everything, the
	// workflow-controller archives all workflows that end, and stores nodes that are too large.
	Database Database

	// AlwaysOffload makes the workflow-controller store the nodes of all workflows in the database, and
	// compress none.
	AlwaysOffload bool

	// Server starts an Argo server beside the workflow-controller, with the same configuration. It needs
	// Everything.
	Server bool

	// Progress, if not nil, is called for each step of the start and stop, from the goroutine of
	// Start or Stop.
	Progress func(step string)
}
