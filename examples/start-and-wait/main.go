// Command start-and-wait starts a workflow from a template and watches it to its end. With the same
// key, it finds the workflow that it has started before.
//
// The exit code is 0 if the workflow succeeded, 1 if it failed or an error occurred, and 2 for a
// usage error.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func main() {
	namespace := flag.String("namespace", workflow.DefaultNamespace, "namespace of the template and the workflow")
	req := workflow.StartRequest{Parameters: map[string]any{}}
	flag.StringVar(&req.Template, "template", "process-items", "WorkflowTemplate to start")
	flag.StringVar(&req.IdempotencyKey, "key", "", "idempotency key; without one, each run starts a new workflow")
	flag.Func("param", "parameter as `name=value`; can be repeated", func(text string) error {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return errors.New("want name=value")
		}
		req.Parameters[name] = value
		return nil
	})
	flag.Parse()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if flag.NArg() > 0 {
		log.Error("usage: start-and-wait [flags]")
		os.Exit(2)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, log, *namespace, req)
	stop()
	if err != nil {
		log.Error(err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, log *slog.Logger, namespace string, req workflow.StartRequest) error {
	cfg, err := clusterConfig()
	if err != nil {
		return err
	}
	cfg.UserAgent = "argoservice-start-and-wait" // in the API server's audit log
	client, err := workflow.NewForConfig(cfg, workflow.Options{
		Namespace: namespace,
		Observer:  workflow.NewLogObserver(log.Handler()), // logs retries and lost watches
	})
	if err != nil {
		return err
	}
	started, err := client.Start(ctx, req)
	if err != nil {
		return err // names the invalid parameter, or the missing permission
	}
	log.Info("following", "workflow", started.Name, "uid", started.UID)

	var last *status.WorkflowStatus
	for state, err := range client.Watch(ctx, started.Name, workflow.WithUID(started.UID)) {
		switch {
		case err != nil && ctx.Err() != nil:
			return fmt.Errorf("interrupted; the workflow keeps running: %w", err)
		case err != nil:
			return err
		}
		if last == nil || last.Outcome() != state.Outcome() || last.Progress != state.Progress {
			log.Info("progress", "outcome", state.Outcome(), "done", state.Progress)
		}
		last = state // the last state is that of the ended workflow
	}
	return last.Err() // nil if it succeeded; otherwise it names the failed nodes
}

// clusterConfig returns the configuration of the pod that this program runs in, or else of
// $KUBECONFIG or ~/.kube/config.
func clusterConfig() (*rest.Config, error) {
	cfg, err := rest.InClusterConfig()
	if !errors.Is(err, rest.ErrNotInCluster) {
		return cfg, err
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
}
