package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

func run(ctx context.Context, c config, out io.Writer, steps *report.Steps) (err error) {
	// All that is measured goes through one API server, which on two processors doesn't come to the
	// rate if it collects garbage as often as by default. It takes over the environment; the
	// processes that are measured don't.
	if err := os.Setenv("GOGC", "400"); err != nil {
		return err
	}
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
	s := &scene{config: c, clock: newClock()}
	var found findings
	for _, size := range c.sizes {
		if err := s.measure(ctx, cluster, size, &found, steps); err != nil {
			return fmt.Errorf("%d workflows: %w", size, err)
		}
		// Old versions go, or etcd grows beyond what it may.
		if err := cluster.Compact(ctx); err != nil {
			return err
		}
	}
	return found.write(out, c)
}

// measure measures everything at one size.
func (s *scene) measure(ctx context.Context, cluster *envtest.Cluster, size int, found *findings, steps *report.Steps) error {
	namespace, err := cluster.NewNamespace(ctx, "scale")
	if err != nil {
		return err
	}
	if s.kubeconfig, err = addReader(ctx, cluster, namespace); err != nil {
		return err
	}
	crowd, err := newCrowd(cluster.Config(), namespace, size)
	if err != nil {
		return err
	}
	steps.Step("creating %d workflows", size)
	if err := crowd.create(ctx); err != nil {
		return err
	}
	at := atSize{workflows: size, windows: map[string]windows{}}
	for number := range s.config.windowsAt(size) {
		for _, way := range []string{ours, informer} {
			if err := s.add(ctx, at, way, crowd, number, steps); err != nil {
				return err
			}
		}
	}
	if err := s.add(ctx, at, polling, crowd, 0, steps); err != nil {
		return err
	}
	found.sizes = append(found.sizes, at)
	if size < s.config.sizes[len(s.config.sizes)-1] {
		return nil
	}
	steps.Step("listing %d workflows", size)
	found.objectBytes = crowd.bytes.Load()
	if found.paged, err = s.list(ctx, listPaged, crowd); err != nil {
		return err
	}
	found.atOnce, err = s.list(ctx, listAtOnce, crowd)
	return err
}

// add measures a window more. Windows of the same number have the same changes.
func (s *scene) add(ctx context.Context, at atSize, way string, c *crowd, number int, steps *report.Steps) error {
	steps.Step("%s, %d workflows, window %d", way, at.workflows, number+1)
	m, err := s.window(ctx, way, c, uint64(number))
	if err != nil {
		return fmt.Errorf("%s: %w", way, err)
	}
	at.windows[way] = append(at.windows[way], m)
	return nil
}

// heading says when and on what it was measured.
func heading() string {
	return fmt.Sprintf("%s, %d CPUs, %s/%s, %s", time.Now().UTC().Format(time.DateOnly),
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}
