package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

type flags struct {
	kubeconfig, context, kubectl string
	namespace, run               string
	workflows                    int
	timeout                      time.Duration
	keep                         bool
}

// mostWorkflows is the limit for a phase: each workflow takes several kubectl processes.
const mostWorkflows = 1000

func parseFlags(args []string) (flags, error) {
	f := flags{}
	set := pflag.NewFlagSet("rollout", pflag.ContinueOnError)
	set.StringVar(&f.kubeconfig, "kubeconfig", "", "default: $KUBECONFIG, ~/.kube/config, or in a pod its service account")
	set.StringVar(&f.context, "context", "", "context of the kubeconfig; default: its current one")
	set.StringVar(&f.kubectl, "kubectl", "kubectl", "the kubectl to run, 1.24 or later")
	set.StringVar(&f.namespace, "namespace", workflow.DefaultNamespace, "namespace of the workflows, with the template of manifests/")
	set.StringVar(&f.run, "run", "demo", "name of this run, used as a label of its workflows")
	set.IntVar(&f.workflows, "workflows", 20, "number of workflows in a phase")
	set.DurationVar(&f.timeout, "timeout", 5*time.Minute, "time limit for the whole run")
	set.BoolVar(&f.keep, "keep", false, "don't delete the workflows")
	if err := set.Parse(args); err != nil {
		return f, &inputError{err}
	}
	wrongRun := validation.IsValidLabelValue(f.run)
	switch {
	case set.NArg() > 0:
		return f, &inputError{errors.New("unexpected argument " + set.Arg(0))}
	case f.workflows < 1 || f.workflows > mostWorkflows:
		return f, &inputError{fmt.Errorf("--workflows %d: must be from 1 to %d", f.workflows, mostWorkflows)}
	case f.timeout <= 0:
		return f, &inputError{fmt.Errorf("--timeout %s: must be more than 0", f.timeout)}
	case f.run == "":
		return f, &inputError{errors.New("--run: must not be empty")}
	case len(wrongRun) > 0:
		return f, &inputError{fmt.Errorf("--run %s: %s", f.run, wrongRun[0])}
	}
	return f, nil
}
