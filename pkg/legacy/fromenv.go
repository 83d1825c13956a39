package legacy

import (
	"os"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// FromEnvOptions configure what [FromEnv] builds. The zero value is ready to use.
type FromEnvOptions struct {
	// Options are the options of both clients. A rate limit in cfg applies to both, too.
	Options
	// Lookup reads the environment; nil means [os.LookupEnv].
	Lookup func(string) (string, bool)
	// Subprocess configures kubectl. It must use the same cluster as the native client, which is
	// the default in a pod.
	Subprocess SubprocessOptions
	// ReadFallback, OnDecision and Shadow are passed to the router; see [RouterOptions].
	ReadFallback bool
	OnDecision   func(Decision)
	Shadow       ShadowOptions
}

// FromEnv builds both clients and a router over them with the rollout that [RolloutFromEnv] reads.
// It is the one line that a host changes to begin the migration; [workflow.NewForConfig] replaces
// it at the end. The result is a [*Router], so SetRollout can change the rollout later. FromEnv
// does not send requests or run commands. The error matches [workflow.ErrInvalid].
func FromEnv(cfg *rest.Config, opts FromEnvOptions) (workflow.Interface, error) {
	if opts.Lookup == nil {
		opts.Lookup = os.LookupEnv
	}
	rollout, err := RolloutFromEnv(opts.Lookup)
	if err != nil {
		return nil, err
	}
	native, err := workflow.NewForConfig(cfg, opts.Options)
	if err != nil {
		return nil, err
	}
	old, err := newKubectlClient(NewSubprocessExecutor(opts.Subprocess), opts.Options, cfg)
	if err != nil {
		return nil, err
	}
	router, err := NewRouter(native, old, RouterOptions{
		Rollout: rollout, Namespace: native.Namespace(), ReadFallback: opts.ReadFallback, OnDecision: opts.OnDecision, Shadow: opts.Shadow,
	})
	if err != nil {
		return nil, err
	}
	return router, nil
}
