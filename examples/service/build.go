package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	"github.com/opensearch-project/opensearch-migrations/argoservice/examples/service/internal/api"
	"github.com/opensearch-project/opensearch-migrations/argoservice/examples/service/internal/page"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// service is the assembled service.
type service struct {
	api     *api.Server
	access  *access
	metrics http.Handler
	// record begins to record how backfills end, until end is called.
	record  func(context.Context) (end func())
	release func()
}

// build assembles the service. It sends nothing, but opens the journal. Every error is about the command line
// or a file.
func build(ctx context.Context, s settings, log *slog.Logger) (*service, error) {
	watching := newTelemetry(log.Handler(), s.every)
	c, err := findCluster(s, watching.observer)
	if err != nil {
		return nil, err
	}
	if c.past, err = openPast(ctx, s, log); err != nil {
		return nil, err
	}
	var all []api.Backfill
	releases := []func(){c.past.release}
	release := func() {
		for _, each := range slices.Backward(releases) {
			each()
		}
	}
	paths := map[string]string{} // by session
	for _, path := range s.configs {
		b, done, err := open(c, s, path)
		if err == nil {
			releases = append(releases, done)
			if other, taken := paths[b.Session]; taken {
				err = fmt.Errorf("--config %s: has the same session %q as %s", path, b.Session, other)
			}
		}
		if err != nil {
			release()
			return nil, err
		}
		paths[b.Session] = path
		all = append(all, b)
		watching.measure(b)
	}
	may := newAccess(checksOf(all, c.workflows), log)
	releases = append(releases, may.end)
	files, err := page.Handlers()
	if err != nil {
		release()
		return nil, err
	}
	opts := api.Options{
		Backfills: all, Log: log, Page: files, Ready: may.check, Hosts: s.hosts, Heartbeat: s.heartbeat, UserHeader: s.userHeader,
		Follow: backfill.FollowOptions{PodsEvery: s.every, ShardsEvery: s.every},
	}
	var clients []workflow.Interface
	for _, namespace := range slices.Sorted(maps.Keys(c.workflows)) {
		clients = append(clients, c.workflows[namespace])
		opts.Past = append(opts.Past, c.workflows[namespace])
	}
	record := func(context.Context) func() { return func() {} }
	if c.past.journal != nil {
		opts.Decisions = c.past.journal
		record = func(ctx context.Context) func() { return recordEnds(ctx, clients) }
	}
	server, err := api.New(opts)
	if err != nil {
		release()
		return nil, err
	}
	return &service{server, may, watching.metrics(), record, release}, nil
}

// open creates the backfill of a configuration; release closes its dependencies.
func open(c *cluster, s settings, path string) (b api.Backfill, release func(), err error) {
	cfg, err := readConfig(path, c.namespace, s.namespace)
	if err != nil {
		return b, nil, err
	}
	b.Session = cfg.SessionName()
	if b.Session == "" {
		return b, nil, fmt.Errorf("--config %s: backfill.reindex_from_snapshot.session_name is required", path)
	}
	deps := backfill.Dependencies{Kubernetes: c.workers}
	if cfg.Backfill.Argo != nil {
		client, err := c.client(namespaceOf(cfg))
		if err != nil {
			return b, nil, fmt.Errorf("--config %s: %w", path, err)
		}
		deps.Workflows, b.Logs = client, client
	}
	deps.WorkingState, release, err = opensearch.NewOrUnreachable(cfg.WorkingStateCluster(), opensearch.Options{
		Secrets: opensearch.SecretsFromCluster(c.workers, namespaceOf(cfg)),
		Timeout: callTimeout,
	})
	if err != nil {
		return b, nil, fmt.Errorf("--config %s: %w", path, err)
	}
	if b.Backfill, err = backfill.New(cfg, deps); err != nil {
		release()
		return b, nil, fmt.Errorf("--config %s: %w", path, err)
	}
	return b, release, nil
}
