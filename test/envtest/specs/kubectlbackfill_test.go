package specs_test

import (
	"context"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

var _ = Describe("pkg/legacy", labelLegacy, func() {
	Describe("backfill by the kubectl client", func() { backfillSpecs(byKubectl) })
	Describe("backfill by the router", labelRare, func() { backfillSpecs(byRouter) })
})

func byKubectl(cfg *rest.Config, namespace string, process *life) workflow.Interface {
	GinkgoHelper()
	var executor legacy.CommandExecutor = legacy.NewSubprocessExecutor(
		legacy.SubprocessOptions{Binary: quickKubectl(), Kubeconfig: kubectlConfig(cfg)})
	if process != nil {
		executor = mortalExecutor{executor, process}
	}
	return must(legacy.NewKubectlClient(executor, workflow.Options{Namespace: namespace, RetryFor: kubectlRetryFor}))
}

func byRouter(cfg *rest.Config, namespace string, process *life) workflow.Interface {
	GinkgoHelper()
	return routed(byNative(cfg, namespace, process), byKubectl(cfg, namespace, process), namespace)
}

// mortalExecutor runs the commands of a process that can be killed.
type mortalExecutor struct {
	legacy.CommandExecutor
	process *life
}

func (e mortalExecutor) ExecuteCommand(ctx context.Context, cmd legacy.Command) (legacy.CommandOutput, error) {
	write := slices.ContainsFunc(cmd.Args, func(arg string) bool { return slices.Contains([]string{"create", "patch", "replace", "delete"}, arg) })
	last, err := e.process.send(write)
	if err != nil {
		return legacy.CommandOutput{}, err
	}
	out, err := e.CommandExecutor.ExecuteCommand(ctx, cmd)
	if last {
		return legacy.CommandOutput{}, errProcessKilled
	}
	return out, err
}
