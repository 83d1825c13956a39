package legacy

import (
	"os"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// FromEnvOptions configure what [FromEnv] builds. The zero value is ready to use.
type FromEnvOptions struct {
	// Options are the options of both clients. The rate limit and the Timeout of the [rest.Config]
	// apply to both, too. The Timeout of a command begins before it waits for a place among
	// Subprocess.MaxProcesses; it ends kubectl, and does not limit watches and logs.
	Options
	// Lookup reads the environment; nil means [os.LookupEnv].
	Lookup func(string) (string, bool)
	// Subprocess configures kubectl. It must use the same cluster as the native client, which is
	// the default in a pod.
	Subprocess SubprocessOptions
	// ReadFallback, OnRoute and Shadow are passed to the router; see [RouterOptions].
	ReadFallback bool
	OnRoute      func(Route)
	Shadow       ShadowOptions
}

// FromEnv builds both clients and a router over them with the rollout that [RolloutFromEnv] reads.
// It is the one line that a host changes to begin the migration; [workflow.NewForConfig] replaces
// it at the end. FromEnv does not send requests or run commands. The error matches
// [workflow.ErrInvalid].
func FromEnv(cfg *rest.Config, opts FromEnvOptions) (*Router, error) {
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
	kubectl, err := newKubectlClient(NewSubprocessExecutor(opts.Subprocess), opts.Options, cfg)
	if err != nil {
		return nil, err
	}
	return NewRouter(native, kubectl, RouterOptions{
		Rollout: rollout, Namespace: native.Namespace(), ReadFallback: opts.ReadFallback, OnRoute: opts.OnRoute, Shadow: opts.Shadow,
	})
}
