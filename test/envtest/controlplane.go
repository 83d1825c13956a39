package envtest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"k8s.io/client-go/rest"
	crenvtest "sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	etcd      = "etcd"
	apiServer = "kube-apiserver"
)

const (
	// partTimeout bounds the start or restart of etcd or the API server. It takes seconds on an
	// idle machine, but other parts may start at the same time, and after a restart all clients
	// reconnect at once.
	partTimeout = 3 * time.Minute

	// probeTimeout bounds one readiness check of the API server, which can hang on a connection to
	// its previous process.
	probeTimeout = 5 * time.Second
)

// noThrottling disables client-go's limit of requests per second.
const noThrottling = -1

// startControlPlane starts etcd and kube-apiserver, and creates the administrator's configuration
// and clients. It blocks until the API server is ready.
func (c *Cluster) startControlPlane(ctx context.Context) error {
	c.opts.Progress("starting etcd and kube-apiserver")
	plane, err := c.controlPlane(ctx)
	if err != nil {
		return err
	}
	// Start takes no context. It fails after partTimeout for each of the two.
	if err := plane.Start(); err != nil {
		return fmt.Errorf("start control plane: %w", err)
	}
	c.etcdURL = plane.Etcd.URL
	// A server that starts again keeps its data, certificates, users and port.
	c.addServer(PartEtcd, plane.Etcd.Start, plane.Etcd.Stop)
	c.addServer(PartAPIServer, plane.APIServer.Start, plane.APIServer.Stop)

	admin, err := plane.AddUser(crenvtest.User{Name: "admin", Groups: []string{"system:masters"}},
		&rest.Config{QPS: noThrottling})
	if err != nil {
		return fmt.Errorf("make administrator: %w", err)
	}
	if err := c.connect(admin.Config()); err != nil {
		return err
	}
	if c.kubeconfig, err = c.WriteKubeconfig("kubeconfig", c.config); err != nil {
		return err
	}
	for user, file := range map[string]string{
		"system:kube-controller-manager": controllerManager,
		"system:kube-scheduler":          scheduler,
	} {
		added, err := plane.AddUser(crenvtest.User{Name: user}, nil)
		if err != nil {
			return fmt.Errorf("make user %s: %w", user, err)
		}
		if _, err := c.WriteKubeconfig(file+".kubeconfig", added.Config()); err != nil {
			return err
		}
	}
	if c.opts.Node {
		if err := c.addNodeUser(plane); err != nil {
			return err
		}
	}
	return c.serverReady(ctx)
}

// addServer adds a part that controller-runtime starts and stops. Both block until that is done.
func (c *Cluster) addServer(name Part, start, stop func() error) {
	// A killed process has ended when controller-runtime has noticed it. After that its stop does
	// nothing; before, it can fail to send its signal.
	gone := func(ctx context.Context) error {
		return until(ctx, "it has ended", func(context.Context) error { return stop() })
	}
	c.addPart(&part{name: name, gone: gone, launch: start, ready: c.serverReady, end: stop})
}

// serverReady blocks until the API server serves requests, which needs etcd too.
func (c *Cluster) serverReady(ctx context.Context) error {
	return until(ctx, "kube-apiserver is ready", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		return c.kube.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

func (c *Cluster) controlPlane(ctx context.Context) (*crenvtest.ControlPlane, error) {
	etcdPath, err := c.leash.Wrap(etcd, c.bin.etcd)
	if err != nil {
		return nil, err
	}
	serverPath, err := c.leash.Wrap(apiServer, c.bin.apiServer)
	if err != nil {
		return nil, err
	}
	plane := &crenvtest.ControlPlane{
		Etcd:        &crenvtest.Etcd{Path: etcdPath, DataDir: c.path("etcd"), StartTimeout: partTimeout, StopTimeout: stopTimeout},
		APIServer:   &crenvtest.APIServer{Path: serverPath, CertDir: c.path("pki"), StartTimeout: partTimeout, StopTimeout: stopTimeout},
		KubectlPath: c.bin.kubectl,
	}
	for _, dir := range []string{plane.Etcd.DataDir, plane.APIServer.CertDir} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, fmt.Errorf("create folder: %w", err)
		}
	}
	etcdLog, err := c.createLog(etcd)
	if err != nil {
		return nil, err
	}
	serverLog, err := c.createLog(apiServer)
	if err != nil {
		return nil, err
	}
	plane.Etcd.Out, plane.Etcd.Err = etcdLog, etcdLog
	plane.APIServer.Out, plane.APIServer.Err = serverLog, serverLog

	free, err := freePorts(ctx, 2)
	if err != nil {
		return nil, err
	}
	plane.Etcd.URL = &url.URL{Scheme: "http", Host: net.JoinHostPort(loopback, free[0])}
	plane.Etcd.Configure().Set("listen-peer-urls", "http://"+loopback+":0") // it has no peers

	args := plane.APIServer.Configure()
	if c.opts.Node {
		plane.APIServer.Address, plane.APIServer.Port = serverAddress, "443"
		args.Set("authorization-mode", "Node,RBAC")
		args.Set("enable-admission-plugins", "NodeRestriction")
	} else {
		plane.APIServer.Address, plane.APIServer.Port = loopback, free[1]
		args.Set("authorization-mode", "RBAC")
	}
	args.Set("kubelet-preferred-address-types", "InternalIP") // the node's name is not in any DNS
	if c.opts.Parts.has(Controllers) {
		// envtest disables this plugin because it needs the controllers that create default service
		// accounts. Here they run, so pods get their tokens.
		args.Disable("disable-admission-plugins")
	}
	return plane, nil
}
