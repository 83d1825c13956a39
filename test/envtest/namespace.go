package envtest

import (
	"context"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// tokenLifetime is longer than any cluster runs.
const tokenLifetime = 7 * 24 * time.Hour

// NewNamespace creates a namespace with a unique name that starts with prefix, and returns the
// name. It blocks until pods can be created in the namespace. Their default service account may
// report the results of workflows' pods, and nothing else.
func (c *Cluster) NewNamespace(ctx context.Context, prefix string) (string, error) {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: prefix + "-"}}
	ns, err := c.kube.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("create namespace: %w", err)
	}
	if err := c.grantExecutor(ctx, ns.Name); err != nil {
		return "", err
	}
	return ns.Name, c.awaitDefaultAccount(ctx, ns.Name)
}

// awaitDefaultAccount blocks until pods are admitted to a namespace, which needs its default
// service account. Without controllers no account is created, and none is needed. It fails early if
// one of the processes ends.
func (c *Cluster) awaitDefaultAccount(ctx context.Context, namespace string, processes ...*process) error {
	if !c.opts.Parts.has(Controllers) {
		return nil
	}
	return until(ctx, "namespace "+namespace+" has a service account", func(ctx context.Context) error {
		_, err := c.kube.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
		return err
	}, processes...)
}

// ServiceAccountConfig returns the configuration of a client that acts as an existing service
// account, without client-side throttling. Its token is valid for a week.
func (c *Cluster) ServiceAccountConfig(ctx context.Context, namespace, name string) (*rest.Config, error) {
	request := &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(tokenLifetime.Seconds()))},
	}
	token, err := c.kube.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("get token of service account %s/%s: %w", namespace, name, err)
	}
	cfg := rest.AnonymousClientConfig(c.config)
	cfg.BearerToken = token.Status.Token
	return cfg, nil
}
