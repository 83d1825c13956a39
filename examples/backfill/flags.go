package main

import (
	"errors"
	"os/user"

	"github.com/spf13/pflag"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

type flags struct {
	config, kubeconfig, context string
	approver                    string
	yes                         bool
	failShard                   int
}

func parseFlags(args []string) (flags, error) {
	f := flags{}
	set := pflag.NewFlagSet("backfill", pflag.ContinueOnError)
	set.StringVar(&f.config, "config", "", "configuration of the migration console (YAML); required")
	set.StringVar(&f.kubeconfig, "kubeconfig", "", "default: $KUBECONFIG, ~/.kube/config, or in a pod its service account")
	set.StringVar(&f.context, "context", "", "context of the kubeconfig; default: its current one")
	set.BoolVar(&f.yes, "yes", false, "approve at the gate without asking")
	set.StringVar(&f.approver, "approver", userName(), "who approves, for the gate's output")
	set.IntVar(&f.failShard, "fail-shard", -1, "make the load of this shard fail, to see what that looks like (demonstration)")
	if err := set.Parse(args); err != nil {
		return f, &inputError{err}
	}
	switch {
	case f.config == "":
		return f, &inputError{errors.New("--config FILE is required")}
	case set.NArg() > 0:
		return f, &inputError{errors.New("unexpected argument " + set.Arg(0))}
	}
	return f, nil
}

// apply puts what the command line says into the configuration.
func (f flags) apply(cfg *backfill.Config) {
	argo := cfg.Backfill.Argo
	if f.failShard < 0 || argo == nil {
		return
	}
	if argo.Parameters == nil {
		argo.Parameters = map[string]any{}
	}
	argo.Parameters["fail-shard"] = f.failShard
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}
