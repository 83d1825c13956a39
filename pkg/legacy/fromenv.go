package legacy

import (
	"os"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// FromEnvOptions configure what [FromEnv] builds. The zero value is ready to use.
type FromEnvOptions struct {
	// Options are those of both clients. A rate limit that cfg sets counts for both, too.
	Options
	// Lookup reads the environment; nil means [os.LookupEnv].
	Lookup func(string) (string, bool)
	// Subprocess says which kubectl runs. It has to mean the same cluster as the native
	// client's configuration: in a pod both do by default.
	Subprocess SubprocessOptions
	// ReadFallback, OnDecision and Shadow are those of [RouterOptions].
	ReadFallback bool
	OnDecision   func(Decision)
	Shadow       ShadowOptions
}

// FromEnv builds both clients and a router over them, which goes by the environment as
// [RolloutFromEnv] reads it. It is the one line that a host changes when it begins to migrate,
// and again when it has done so: [workflow.NewForConfig] takes its place. What it returns is a
// [*Router], whose SetRollout steers it later on. It sends nothing and runs nothing. The error
// matches [workflow.ErrInvalid].
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
