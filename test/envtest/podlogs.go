package envtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// podLogs is the logs of pods: a file for each container, and for each pod an object that refers
// KWOK to its files.
type podLogs struct {
	address string // where KWOK serves them, as a kubelet does
	mu      sync.Mutex
	written map[types.NamespacedName][]string // containers with a log, by pod
	last    time.Time
}

// preparePodLogs chooses an address at which KWOK serves logs, and defines the resource that
// configures them. It returns arguments for KWOK.
func (c *Cluster) preparePodLogs(ctx context.Context) ([]string, error) {
	free, err := freePorts(ctx, 1)
	if err != nil {
		return nil, err
	}
	c.podLogs.address = net.JoinHostPort(loopback, free[0])
	c.podLogs.written = map[types.NamespacedName][]string{}
	crd := filepath.Join(c.bin.kwokManifests, "crd", "bases", "kwok.x-k8s.io_logs.yaml")
	if err := c.applyFile(ctx, crd, ""); err != nil {
		return nil, err
	}
	return []string{
		"--node-ip=" + loopback, "--node-port=" + free[0], // the API server reads them from the node's status
		"--server-address=" + c.podLogs.address,
		"--enable-crds=Logs",
	}, nil
}

// WriteLog appends lines to the log of a container, as if it had just printed them. Each line has
// its own time, later than those of all earlier lines of any pod. It blocks until the lines are
// served. The pod need not exist yet. KWOK runs no containers, so a log contains only lines that
// WriteLog has written. On a real node, it blocks until the container has a log.
func (c *Cluster) WriteLog(ctx context.Context, namespace, pod, container string, lines ...string) error {
	if !c.opts.Parts.has(Nodes) {
		return errors.New("a cluster without nodes has no logs")
	}
	c.podLogs.mu.Lock()
	defer c.podLogs.mu.Unlock()
	if c.opts.Node {
		return c.writeRealLog(ctx, namespace, pod, container, lines)
	}
	path := c.podLogPath(namespace, pod, container)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("create log folder: %w", err)
	}
	if err := appendLines(path, &c.podLogs.last, lines); err != nil {
		return err
	}
	return c.serveLog(ctx, types.NamespacedName{Namespace: namespace, Name: pod}, container)
}

// appendLines appends lines in the CRI's format to a file, each with a later time than last, which it
// updates. It writes them at once, so that no reader sees half a line.
func appendLines(path string, last *time.Time, lines []string) error {
	var text bytes.Buffer
	for _, line := range lines {
		now := time.Now()
		if !now.After(*last) {
			now = last.Add(1)
		}
		*last = now
		fmt.Fprintf(&text, "%s stdout F %s\n", now.UTC().Format(time.RFC3339Nano), line)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	_, err = file.Write(text.Bytes())
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	return nil
}

func (c *Cluster) podLogPath(namespace, pod, container string) string {
	return c.path("pod-logs", namespace, pod, container+".log")
}

// serveLog registers a container's log with KWOK, and blocks until it is served.
func (c *Cluster) serveLog(ctx context.Context, pod types.NamespacedName, container string) error {
	known := c.podLogs.written[pod]
	if slices.Contains(known, container) {
		return nil
	}
	known = append(slices.Clone(known), container)
	var files []any
	for _, name := range known {
		files = append(files, map[string]any{
			"containers": []any{name},
			"logsFile":   c.podLogPath(pod.Namespace, pod.Name, name),
		})
	}
	logs := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Logs",
		"metadata": map[string]any{"namespace": pod.Namespace, "name": pod.Name},
		"spec":     map[string]any{"logs": files},
	}}
	if err := c.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(logs), fieldOwner, client.ForceOwnership); err != nil {
		return fmt.Errorf("tell of log: %w", err)
	}
	// KWOK is asked directly, because the API server serves only the logs of pods that exist.
	base := &url.URL{Scheme: "http", Host: c.podLogs.address}
	err := until(ctx, "the log is served", func(ctx context.Context) error {
		_, err := request(http.MethodGet, base).Param("tailLines", "1").
			AbsPath("/containerLogs", pod.Namespace, pod.Name, container).DoRaw(ctx)
		return err
	})
	if err != nil {
		return err
	}
	c.podLogs.written[pod] = known
	return nil
}
