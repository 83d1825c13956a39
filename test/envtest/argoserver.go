package envtest

import (
	"context"
	"fmt"
	"net"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const argoServer = "argo-server" // also its account, as named in Argo's manifests

// ArgoServer returns the URL of the cluster's Argo server, or "" if it has none or was joined. The server
// accepts the tokens of all accounts of the cluster ([Cluster.ServiceAccountConfig]), and acts with them.
func (c *Cluster) ArgoServer() string { return c.argoServer }

// startArgoServer starts the Argo server under a service account with the permissions of a real
// installation, and blocks until it answers.
func (c *Cluster) startArgoServer(ctx context.Context) error {
	c.opts.Progress("starting argo-server")
	account := metav1.ObjectMeta{Namespace: ArgoNamespace, Name: argoServer}
	for _, o := range []client.Object{
		&corev1.ServiceAccount{ObjectMeta: account},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: argoServer},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "argo-server-cluster-role"},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: account.Namespace, Name: account.Name}},
		},
	} {
		if err := c.client.Create(ctx, o); err != nil {
			return fmt.Errorf("create %T %s: %w", o, o.GetName(), err)
		}
	}
	if err := c.applyManifests(ctx, c.installFolder(), "argo-server-rbac", "*-clusterole.yaml"); err != nil {
		return err
	}
	config, err := c.ServiceAccountConfig(ctx, account.Namespace, account.Name)
	if err != nil {
		return err
	}
	kubeconfig, err := c.WriteKubeconfig(argoServer+".kubeconfig", config)
	if err != nil {
		return err
	}
	free, err := freePorts(ctx, 1)
	if err != nil {
		return err
	}
	p, err := c.newProcess(argoServer, c.bin.argo, []string{
		"KUBECONFIG=" + kubeconfig, // where it finds the API server for the tokens of others
	}, []string{
		"server", "--auth-mode=client", "--secure=false", "--port=" + free[0], "--namespace=" + ArgoNamespace,
		"--kube-api-qps=500", "--kube-api-burst=1000",
	})
	if err != nil {
		return err
	}
	c.argoServer = "http://" + net.JoinHostPort(loopback, free[0])
	ready := func(ctx context.Context) error { return c.awaitArgoServer(ctx, config.BearerToken, p) }
	// Like Argo's controller, that of 4.0 ignores SIGTERM.
	c.addPart(&part{name: PartArgoServer, gone: p.wait, launch: p.launch, ready: ready, end: p.kill})
	return ready(ctx)
}

// awaitArgoServer blocks until each of the server's services that specs ask answers: its gateway has a connection
// to each, and may have made some too early.
func (c *Cluster) awaitArgoServer(ctx context.Context, token string, p *process) error {
	return until(ctx, "the Argo server answers", func(ctx context.Context) error {
		for _, path := range []string{
			"/api/v1/info",
			"/api/v1/workflows/" + ArgoNamespace + "?listOptions.limit=1",
			"/api/v1/archived-workflows?namespace=" + ArgoNamespace + "&listOptions.limit=1",
		} {
			if err := askArgoServer(ctx, c.argoServer+path, token); err != nil {
				return err
			}
		}
		return nil
	}, p)
}

func askArgoServer(ctx context.Context, url, token string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Close = true // no connection stays
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", response.Status)
	}
	return nil
}
