package envtest

import (
	"context"
	"fmt"
	"os"

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
	start := func(name, binary string, args ...string) (*process, error) {
		return c.startProcess(name, binary, nil, append(args,
			"--kubeconfig="+c.path(name+".kubeconfig"),
			"--leader-elect=false",
			"--secure-port=0", // disabled
			"--kube-api-qps=500",
			"--kube-api-burst=1000",
		))
	}
	manager, err := start(controllerManager, c.bin.controllerManager,
		"--use-service-account-credentials",
		"--service-account-private-key-file="+c.path("pki", "sa-signer.key"),
		"--root-ca-file="+ca,
	)
	if err != nil {
		return nil, err
	}
	sched, err := start(scheduler, c.bin.scheduler)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		c.opts.Progress("waiting for default service accounts")
		return c.awaitDefaultAccount(ctx, metav1.NamespaceDefault, manager, sched)
	}, nil
}
