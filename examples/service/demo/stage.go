package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

const (
	namespace = "ma"
	account   = "backfill-service"
	session   = "demo"
	anyPort   = "127.0.0.1:0"
)

// stage is the environment of the demonstration.
type stage struct {
	settings
	admin      *rest.Config // the caller's
	dir        string
	kubeconfig string // the service's
	url        string // the service's, once it runs
	metrics    string // the address of the metrics

	standIn, web *process
}

// newStage creates the service's kubeconfig, which uses its service account and not the caller's.
func newStage(ctx context.Context, s settings) (*stage, error) {
	admin, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		clientcmd.NewDefaultClientConfigLoadingRules(), &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find a cluster: %w", err)
	}
	dir, err := os.MkdirTemp("", "demo-service-")
	if err != nil {
		return nil, err
	}
	st := &stage{settings: s, admin: admin, dir: dir, kubeconfig: filepath.Join(dir, "kubeconfig"), url: "http://" + anyPort}
	if err := writeAccount(ctx, rest.CopyConfig(admin), st.kubeconfig); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return st, nil
}

// startTarget starts the test double of the target cluster, and writes a configuration that names
// it.
func (st *stage) startTarget(ctx context.Context) (err error) {
	st.standIn, err = begin(ctx, filepath.Join(st.dir, "target.log"), nil, st.target,
		"--namespace", namespace, "--session", session, "--shards", "100", "--per-shard", "1s")
	if err != nil {
		return err
	}
	line, err := bufio.NewReader(st.standIn.out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("start the target cluster: %w", err)
	}
	text, err := os.ReadFile(st.config)
	if err != nil {
		return err
	}
	var file map[string]any
	if err := yaml.Unmarshal(text, &file); err != nil {
		return err
	}
	file["target_cluster"] = map[string]any{"endpoint": strings.TrimSpace(line), "no_auth": nil}
	if text, err = yaml.Marshal(file); err != nil {
		return err
	}
	return os.WriteFile(st.configPath(), text, 0o600)
}

func (st *stage) configPath() string { return filepath.Join(st.dir, "backfill.yaml") }

// startService starts the service, at its previous address if there is one, and blocks until it is
// ready.
func (st *stage) startService(ctx context.Context) (err error) {
	st.web, err = begin(ctx, filepath.Join(st.dir, "service.log"), []string{"KUBECONFIG=" + st.kubeconfig}, st.service,
		"--config", st.configPath(), "--listen", strings.TrimPrefix(st.url, "http://"), "--metrics", anyPort, "--journal", filepath.Join(st.dir, "journal.db"), "--drain", "0s", "--every", "500ms")
	if err != nil {
		return err
	}
	if st.metrics, err = st.web.logged(ctx, "serving metrics", "address"); err != nil {
		return err
	}
	st.metrics = "http://" + st.metrics + "/metrics"
	address, err := st.web.logged(ctx, "serving", "address")
	if err != nil {
		return err
	}
	st.url = "http://" + address
	return eventually(ctx, "the service is ready", func() error {
		return st.get(ctx, "/readyz", nil)
	})
}

// clear stops everything that was started.
func (st *stage) clear() {
	for _, p := range []*process{st.web, st.standIn} {
		if p != nil {
			_ = p.end() // the exit code doesn't matter
		}
	}
}

func (st *stage) writeLogs(w io.Writer) {
	for _, p := range []*process{st.web, st.standIn} {
		if p == nil {
			continue
		}
		fmt.Fprintf(w, "%s:\n", filepath.Base(p.log))
		text, err := os.ReadFile(p.log)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			fmt.Fprintln(w, " ", status.Printable(strings.TrimSuffix(line, "\n")))
		}
	}
}

// logEntry is a line of the service's log.
type logEntry map[string]any

func entries(text []byte) []logEntry {
	var all []logEntry
	for line := range strings.Lines(string(text)) {
		var e logEntry
		if json.Unmarshal([]byte(line), &e) == nil { // the last line may be incomplete
			all = append(all, e)
		}
	}
	return all
}
