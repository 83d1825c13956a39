package legacy_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// These examples are the snippets of docs/migration.md. They need a cluster, so most are only
// compiled.

func ExampleFromEnv() {
	_ = func(cfg *rest.Config) error {
		client, err := legacy.FromEnv(cfg, legacy.FromEnvOptions{
			Options: legacy.Options{Namespace: "ma"},
		})
		if err != nil {
			return err // names the variable that could not be understood
		}
		_ = client
		return nil
	}
}

func ExampleFromEnv_shadow() {
	_ = func(ctx context.Context, cfg *rest.Config, log *slog.Logger) error {
		router, err := legacy.FromEnv(cfg, legacy.FromEnvOptions{
			ReadFallback: true,
			OnRoute: func(r legacy.Route) {
				log.Info("workflow call", "op", r.Op, "workflow", r.Name, "backend", r.Backend, "fallback", r.Fallback)
			},
			Shadow: legacy.ShadowOptions{OnDifference: func(d legacy.Difference) {
				log.Warn("the backends differ", "op", d.Op, "workflow", d.Name, "paths", d.Paths)
			}},
		})
		if err != nil {
			return err
		}
		go func() {
			err := router.FollowFile(ctx, "/etc/argoservice/rollout.yaml", 0, func(err error) { log.Error("rollout", "error", err) })
			log.Info("the rollout file is not followed any more", "reason", err)
		}()
		return nil
	}
}

func ExampleRouter_SetRollout() {
	_ = func(router *legacy.Router) (err error) {
		err = router.SetRollout(legacy.Rollout{Force: workflow.BackendKubectl})
		return err
	}
}

func ExampleResultFromCommand() {
	result := legacy.ResultFromCommand[string](legacy.CommandResult{Success: true, Value: "reindex-x7k2p"})
	name, err := result.Unwrap()
	fmt.Println(name, err)
	_, err = legacy.ResultFromCommand[string](legacy.CommandResult{}).Unwrap()
	fmt.Println(err)
	// Output:
	// reindex-x7k2p <nil>
	// Unknown error
}

// After the migration, one line replaces the line that it began with.
func Example_afterwards() {
	_ = func(cfg *rest.Config) error {
		client, err := workflow.NewForConfig(cfg, workflow.Options{Namespace: "ma"})
		_ = client
		return err
	}
}

func Example_gate() {
	_ = func(ctx context.Context, client workflow.Interface) error {
		started, err := client.Start(ctx, workflow.StartRequest{
			Template:       "reindex",
			Parameters:     map[string]any{"session-name": "s-42"},
			IdempotencyKey: "s-42", // was: nothing, and two workflows after a timeout
		})
		if err != nil {
			return err
		}
		waiting, cancel := context.WithTimeout(ctx, 10*time.Minute)
		defer cancel()
		_, err = client.Wait(waiting, started.Name, workflow.Suspended)
		var ended *workflow.EndedBeforeSuspendError
		var waited *workflow.WaitError
		switch {
		case errors.As(err, &ended):
			return fmt.Errorf("it ended %s before its gate", ended.Status.Outcome())
		case errors.As(err, &waited) && errors.Is(err, context.DeadlineExceeded):
			return fmt.Errorf("not at its gate yet: %w", err) // it goes on; wait again later
		case err != nil:
			return err
		}
		_, err = client.Approve(ctx, started.Name, workflow.Decision{All: true, Outputs: map[string]any{"approved-by": "ann"}})
		return err
	}
}

func Example_cluster() {
	_ = func(ctx context.Context, client workflow.Interface) error {
		s, err := client.Get(ctx, "reindex-x7k2p")
		if err != nil {
			return err
		}
		config, found := s.OutputParameter(status.NodeNameContains("create-source-cluster"), "cluster-config")
		if !found {
			return errors.New("Did not find source cluster config")
		}
		fmt.Println(config)
		return nil
	}
}

func Example_logs() {
	_ = func(ctx context.Context, client workflow.Interface) error {
		for line, err := range client.Logs(ctx, "reindex-x7k2p", workflow.LogOptions{Follow: true}) {
			if err != nil {
				return err
			}
			fmt.Println(line.Pod, status.Printable(line.Text))
		}
		return nil
	}
}
