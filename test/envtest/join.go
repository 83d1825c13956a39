package envtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// invitation is what another process needs to use a cluster.
type invitation struct {
	Dir, Kubeconfig string
	EtcdURL         string
	PodLogsAddress  string `json:",omitempty"`
	Parts           Parts
	Definitions     Definitions
	Node            bool
}

// Invitation returns data with which other processes on this machine can use the cluster, see
// [Join]. It contains no secrets, but the names of files that do.
func (c *Cluster) Invitation() ([]byte, error) {
	if c.etcdURL == nil {
		return nil, errors.New("there is no cluster to join: Options.Parts is NoCluster")
	}
	return json.Marshal(invitation{
		Dir: c.dir, Kubeconfig: c.kubeconfig, EtcdURL: c.etcdURL.String(), PodLogsAddress: c.podLogs.address,
		Parts: c.opts.Parts, Definitions: c.opts.Definitions, Node: c.opts.Node,
	})
}

// Join returns the cluster that another process has started and will stop. It sends no requests.
// The parts belong to the other process: Kill, Pause, Restart and Continue return [ErrNoPart], and
// Command fails. Stop does nothing.
func Join(data []byte) (*Cluster, error) {
	var i invitation
	if err := json.Unmarshal(data, &i); err != nil {
		return nil, fmt.Errorf("join cluster: read invitation: %w", err)
	}
	opts := Options{Parts: i.Parts, Definitions: i.Definitions, Node: i.Node, Progress: func(string) {}}
	bin, err := findBinaries(opts)
	if err != nil {
		return nil, fmt.Errorf("join cluster: %w", err)
	}
	c := &Cluster{opts: opts, bin: bin, dir: i.Dir, kubeconfig: i.Kubeconfig}
	c.podLogs.address, c.podLogs.written = i.PodLogsAddress, map[types.NamespacedName][]string{}
	if c.etcdURL, err = url.Parse(i.EtcdURL); err != nil {
		return nil, fmt.Errorf("join cluster: %w", err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", i.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("join cluster: %w", err)
	}
	config.QPS = noThrottling
	if err := c.connect(config); err != nil {
		return nil, fmt.Errorf("join cluster: %w", err)
	}
	return c, nil
}

// connect creates the cluster's own clients.
func (c *Cluster) connect(admin *rest.Config) (err error) {
	c.config = admin
	if c.kube, err = kubernetes.NewForConfig(admin); err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	if c.client, err = client.New(admin, client.Options{}); err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	return nil
}
