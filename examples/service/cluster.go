package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// retryFor is how long a call retries while the API server is unavailable. A person waits for
	// the answer.
	retryFor = 10 * time.Second
	// callTimeout limits a request to the cluster, or to a target cluster.
	callTimeout = 20 * time.Second

	// eventSource is the reporting component in Kubernetes Events.
	eventSource = "backfill-service"

	podNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
)

// cluster is the cluster of workflows and workers.
type cluster struct {
	config    *rest.Config
	namespace string // the default

	observer  workflow.Observer
	gates     []workflow.GatePolicy
	past      past
	workers   dynamic.Interface
	workflows map[string]*workflow.WorkflowClient // by namespace, so that they share their watches
}

// findCluster uses the kubeconfig that the flag or the environment names, or else the pod's service
// account. It sends nothing.
func findCluster(s settings, observer workflow.Observer) (*cluster, error) {
	c := &cluster{observer: observer, workflows: map[string]*workflow.WorkflowClient{}}
	if s.approvalGates {
		c.gates = []workflow.GatePolicy{workflow.ApprovalGates()}
	}
	var kubeconfigNamespace string
	var err error
	if s.kubeconfig != "" || os.Getenv(clientcmd.RecommendedConfigPathEnvVar) != "" {
		c.config, kubeconfigNamespace, err = fromKubeconfig(s.kubeconfig)
	} else if c.config, err = rest.InClusterConfig(); errors.Is(err, rest.ErrNotInCluster) {
		err = errors.New("no cluster: not running in a pod, so --kubeconfig or $KUBECONFIG is required")
	} else if err != nil {
		err = fmt.Errorf("the pod's service account: %w", err)
	}
	if err != nil {
		return nil, err
	}
	c.namespace = cmp.Or(s.namespace, podNamespace(), kubeconfigNamespace, workflow.DefaultNamespace)
	c.config.UserAgent = "argoservice-backfill-service"
	c.config.WarningHandler = rest.NoWarnings{} // about the templates' output, which the caller can't fix
	limited := rest.CopyConfig(c.config)
	limited.Timeout = callTimeout
	limited.QPS = -1 // client-go takes 0 for 5 a second; the API server's priority and fairness is a limit
	if c.workers, err = dynamic.NewForConfig(limited); err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	return c, nil
}

func fromKubeconfig(path string) (*rest.Config, string, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = path
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{})
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, "", fmt.Errorf("--kubeconfig or $KUBECONFIG: %w", err)
	}
	raw, err := loader.RawConfig()
	if err != nil {
		return nil, "", fmt.Errorf("--kubeconfig or $KUBECONFIG: %w", err)
	}
	namespace := ""
	if current := raw.Contexts[raw.CurrentContext]; current != nil {
		namespace = current.Namespace
	}
	return config, namespace, nil
}

// podNamespace returns the namespace of the pod that this program runs in, or "".
func podNamespace() string {
	text, err := os.ReadFile(podNamespaceFile)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// client returns the client for a namespace.
func (c *cluster) client(namespace string) (*workflow.WorkflowClient, error) {
	if known := c.workflows[namespace]; known != nil {
		return known, nil
	}
	client, err := workflow.NewForConfig(c.config, workflow.Options{
		Namespace: namespace, RetryFor: retryFor, EventSource: eventSource, Observer: c.observer, GatePolicies: c.gates,
		History: c.past.history, NodeStore: c.past.nodes,
	})
	if err != nil {
		return nil, err
	}
	c.workflows[namespace] = client
	return client, nil
}
