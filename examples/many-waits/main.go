// Command many-waits starts many workflows and waits for all of them on one client. It prints their
// outcomes and the number of watches that it took.
//
// The exit code is 0 if all succeeded, 1 if not, and 2 for a usage error.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func main() {
	namespace := flag.String("namespace", workflow.DefaultNamespace, "namespace of the template and the workflows")
	template := flag.String("template", "one-second", "WorkflowTemplate to start")
	count := flag.Int("count", 200, "number of workflows")
	flag.Parse()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if flag.NArg() > 0 || *count < 1 {
		log.Error("usage: many-waits [flags]; --count must be at least 1")
		os.Exit(2)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, log, *namespace, *template, *count)
	stop()
	if err != nil {
		log.Error(err.Error())
		os.Exit(1)
	}
}

// watches counts the watches that a client opens.
type watches struct {
	workflow.NopObserver

	opened atomic.Int64
}

// OnEvent implements [workflow.Observer].
func (w *watches) OnEvent(_ context.Context, event workflow.Event) {
	if _, ok := event.(workflow.WatchOpened); ok {
		w.opened.Add(1)
	}
}

func run(ctx context.Context, log *slog.Logger, namespace, template string, count int) error {
	cfg, err := clusterConfig()
	if err != nil {
		return err
	}
	cfg.UserAgent = "argoservice-many-waits" // in the API server's audit log
	var seen watches
	client, err := workflow.NewForConfig(cfg, workflow.Options{Namespace: namespace, Observer: &seen})
	if err != nil {
		return err
	}
	names := make([]string, 0, count)
	uids := map[string]types.UID{}
	for range count { // sequentially: the template is read once, and a start takes some milliseconds
		started, err := client.Start(ctx, workflow.StartRequest{Template: template})
		if err != nil {
			return fmt.Errorf("after %d starts: %w", len(names), err)
		}
		names, uids[started.Name] = append(names, started.Name), started.UID
	}
	log.Info("waiting", "workflows", count)

	ended := map[status.Outcome]int{}
	ends := workflow.WaitMany(ctx, client, names, workflow.Completed, workflow.WithUIDs(uids), workflow.WithEndOnly())
	for name, result := range ends {
		state, err := result.Unwrap()
		if err != nil { // for this workflow only; the other waits continue
			log.Error("wait failed", "workflow", name, "error", err)
			continue
		}
		ended[state.Outcome()]++
	}
	for outcome, n := range ended {
		fmt.Printf("%d %s\n", n, outcome)
	}
	fmt.Printf("%d watches for %d waits\n", seen.opened.Load(), count)
	if n := ended[status.OutcomeSucceeded]; n < count {
		return fmt.Errorf("%d of %d did not succeed", count-n, count)
	}
	return nil
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
