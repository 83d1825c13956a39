// Command scale measures what it takes to wait for thousands of workflows: with this library, with
// client-go's dynamic informer and by polling, each in a process of its own, in turn, on one local control
// plane on which workflows change all the time. It prints its findings as a table;
// `make bench-scale` in the repository's root gets what that needs. With --short it measures too
// little for its figures to mean anything, which shows that it works.
//
// Exit codes: 0; 1 if something failed; 2 for wrong flags; 3 if a limit is missed.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

func main() {
	leash.Main()
	short := flag.Bool("short", false, "a few seconds at two small sizes, without a graph; no limit counts")
	graph := flag.String("graph", "", "`file` for the graph (SVG); none by default")
	peer := flag.String("peer", "", "for this program itself: what its process is to do")
	flag.Parse()
	report.Main("scale", func(ctx context.Context) error {
		if *peer != "" {
			return runPeer(ctx, *peer)
		}
		return run(ctx, extentOf(*short, *graph), os.Stdout)
	})
}

// extent is how much is measured.
type extent struct {
	sizes          []int // how many workflows are waited for, ascending, at least two
	windows        int   // of ours and the informer at the last size, the one with limits
	window, warmUp time.Duration
	graph          string // file; "": none
	limits         bool   // a missed limit is an error
}

// extentOf returns the extent of the published figures, or a short one.
func extentOf(short bool, graph string) extent {
	if short {
		return extent{sizes: []int{20, 60}, windows: 1, window: 2 * time.Second, warmUp: time.Second}
	}
	return extent{
		sizes: []int{100, 1000, 10_000}, windows: 3, window: 10 * time.Second, warmUp: 2 * time.Second,
		graph: graph, limits: true,
	}
}

// ways returns what is measured in a window at a size. Polling is slow, so it is measured once at each size, and
// not at the last: one API server can't answer that many requests.
func (e extent) ways(size, window int) []string {
	switch last := size == e.sizes[len(e.sizes)-1]; {
	case window == 0 && !last:
		return []string{ours, informer, polling}
	case window < e.windows && (last || window < 2):
		return []string{ours, informer}
	}
	return nil
}

//go:embed reader.yaml
var reader []byte

func run(ctx context.Context, e extent, out io.Writer) (err error) {
	// All that is measured goes through one API server, which on two processors does not reach the rate
	// if it collects garbage as often as by default. It inherits the environment; the
	// processes that are measured do not.
	if err := os.Setenv("GOGC", "400"); err != nil {
		return err
	}
	steps := report.NewSteps(os.Stderr)
	cluster, err := envtest.Start(ctx, envtest.Options{
		Parts: envtest.APIServer, Progress: func(step string) { steps.Step("%s", step) },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Stop()) }()
	if err := os.Unsetenv("GOGC"); err != nil {
		return err
	}
	b := &bench{cluster: cluster, steps: steps, findings: findings{extent: e}}
	if b.kubeconfig, err = readerOf(ctx, cluster); err != nil {
		return err
	}
	for _, size := range e.sizes {
		if err := b.measure(ctx, size); err != nil {
			return fmt.Errorf("%d workflows: %w", size, err)
		}
		// Without old versions, etcd stays below its limit.
		if err := cluster.Compact(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%s, %d CPUs, %s/%s, %s\n\n", time.Now().UTC().Format(time.DateOnly),
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	return b.write(out)
}

// readerOf returns the kubeconfig of the account in reader.yaml.
func readerOf(ctx context.Context, cluster *envtest.Cluster) (kubeconfig string, err error) {
	path := filepath.Join(cluster.Dir(), "reader.yaml")
	if err := os.WriteFile(path, reader, 0o600); err != nil {
		return "", err
	}
	if err := cluster.ApplyFile(ctx, path); err != nil {
		return "", err
	}
	cfg, err := cluster.ServiceAccountConfig(ctx, "default", "reader")
	if err != nil {
		return "", err
	}
	return cluster.WriteKubeconfig("reader.kubeconfig", cfg)
}
