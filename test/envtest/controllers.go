package envtest

import (
	"context"
	"fmt"
	"os"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	controllerManager = "kube-controller-manager"
	scheduler         = "kube-scheduler"
)

// startControllers starts kube-controller-manager and kube-scheduler. The returned function blocks
// until they work.
func (c *Cluster) startControllers(context.Context) (func(context.Context) error, error) {
	c.opts.Progress("starting kube-controller-manager and kube-scheduler")
	ca := c.path("pki", "ca.crt")
	if err := os.WriteFile(ca, c.config.CAData, 0o600); err != nil {
		return nil, fmt.Errorf("write CA: %w", err)
	}
	manager, err := c.startProcess(controllerManager, c.bin.controllerManager, nil, []string{
		"--kubeconfig=" + c.path(controllerManager+".kubeconfig"),
		"--leader-elect=false",
		"--secure-port=0", // disabled
		"--use-service-account-credentials",
		"--service-account-private-key-file=" + c.path("pki", "sa-signer.key"),
		"--root-ca-file=" + ca,
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
	})
	if err != nil {
		return nil, err
	}
	sched, err := c.startProcess(scheduler, c.bin.scheduler, nil, []string{
		"--kubeconfig=" + c.path(scheduler+".kubeconfig"),
		"--leader-elect=false",
		"--secure-port=0", // disabled
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		c.opts.Progress("waiting for default service accounts")
		return until(ctx, "namespace default has a service account", func(ctx context.Context) (bool, error) {
			return c.hasDefaultAccount(ctx, metav1.NamespaceDefault)
		}, manager, sched)
	}, nil
}

func (c *Cluster) hasDefaultAccount(ctx context.Context, namespace string) (bool, error) {
	_, err := c.kube.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}
