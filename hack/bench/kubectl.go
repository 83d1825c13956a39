package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/bench/bulkload"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// kubectl runs the program as the predecessor of this library did: a process for each call,
// with a manifest in a temporary file, and its output to parse.
type kubectl struct{ cluster *envtest.Cluster }

func (k kubectl) start(ctx context.Context, manifest map[string]any) ([]byte, error) {
	text, err := yaml.Marshal(manifest)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(k.cluster.Dir(), "workflow.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	name, err := k.run(ctx, "create", "-f", file, "--namespace", bulkload.Namespace, "-o", "jsonpath={.metadata.name}")
	return name, errors.Join(err, os.Remove(file))
}

func (k kubectl) get(ctx context.Context, name string) ([]byte, error) {
	return k.run(ctx, "get", "workflow", name, "--namespace", bulkload.Namespace, "-o", "json")
}

func (k kubectl) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, k.cluster.Kubectl(), args...)
	cmd.Env = append(os.Environ(),
		"KUBECONFIG="+k.cluster.Kubeconfig(), "KUBECACHEDIR="+filepath.Join(k.cluster.Dir(), "cache"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return out, nil
}
