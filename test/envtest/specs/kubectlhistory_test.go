package specs_test

import (
	. "github.com/onsi/ginkgo/v2"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// It is there before the specs of historySpecs are.
var _ = func() bool {
	historyClients = append(historyClients, historyClient{
		name: "kubectl client", labels: []any{labelLegacy, labelRare, labelVersions},
		open: func(cfg *rest.Config, opts workflow.Options) workflow.Interface {
			GinkgoHelper()
			if opts.RetryFor == 0 {
				opts.RetryFor = kubectlRetryFor
			}
			return kubectlClientWith(cfg, opts)
		},
	})
	return true
}()
