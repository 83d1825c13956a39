package envtest

import (
	"bytes"
	"context"
	_ "embed" // for the stages
	"fmt"
	"os"
	"path/filepath"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	kwok = "kwok"

	// NodeName is the name of the node that all pods run on.
	NodeName = "envtest-node"
)

//go:embed stages.yaml
var ownStages []byte

// startNodes starts KWOK and registers a node, or starts a real one. The returned function blocks until the
// node accepts pods.
func (c *Cluster) startNodes(ctx context.Context) (func(context.Context) error, error) {
	if c.opts.Node {
		return c.startRealNode(ctx)
	}
	c.opts.Progress("starting kwok")
	config, err := c.writeStages()
	if err != nil {
		return nil, err
	}
	logs, err := c.preparePodLogs(ctx)
	if err != nil {
		return nil, err
	}
	p, err := c.startProcess(kwok, c.bin.kwok, nil, append([]string{
		"--kubeconfig=" + c.kubeconfig,
		"--config=" + config,
		"--manage-all-nodes=true",
		// Without a lease the node would count as dead after 40 s.
		"--node-lease-duration-seconds=40",
	}, logs...))
	if err != nil {
		return nil, err
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name:        NodeName,
		Labels:      map[string]string{corev1.LabelHostname: NodeName},
		Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"},
	}}
	if _, err := c.kube.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("create node: %w", err)
	}
	return func(ctx context.Context) error {
		c.opts.Progress("waiting for the node")
		return until(ctx, "the node takes pods", c.nodeReady, p)
	}, nil
}

// nodeReady returns an error unless pods can be scheduled: the node is ready, and its taint from
// before that has been removed.
func (c *Cluster) nodeReady(ctx context.Context) error {
	node, err := c.kube.CoreV1().Nodes().Get(ctx, NodeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	ready := slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
		return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
	})
	if !ready || len(node.Spec.Taints) > 0 {
		return fmt.Errorf("node ready: %t; taints: %v", ready, node.Spec.Taints)
	}
	return nil
}

// writeStages writes KWOK's configuration: some of KWOK's own stages, and those of this package.
func (c *Cluster) writeStages() (string, error) {
	documents := [][]byte{ownStages}
	for _, stage := range []string{
		"node/fast/node-initialize.yaml",
		"node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
		"pod/fast/pod-ready.yaml",
		"pod/fast/pod-complete.yaml", // of Jobs
		"pod/fast/pod-delete.yaml",
	} {
		data, err := os.ReadFile(filepath.Join(c.bin.kwokManifests, "stage", filepath.FromSlash(stage)))
		if err != nil {
			return "", fmt.Errorf("read stage of KWOK (does %s name the module's folder kustomize?): %w", envKWOKManifests, err)
		}
		documents = append(documents, data)
	}
	path := c.path("kwok.yaml")
	if err := os.WriteFile(path, bytes.Join(documents, []byte("\n---\n")), 0o600); err != nil {
		return "", fmt.Errorf("write stages: %w", err)
	}
	return path, nil
}
