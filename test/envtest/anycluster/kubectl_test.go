package anycluster_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
)

// kubectlRetryFor is longer than the default, since each kubectl takes a while to start.
const kubectlRetryFor = 3 * time.Minute

var _ = conformance.Specs("kubectl client", func(context.Context) conformance.Fixture {
	if _, err := exec.LookPath("kubectl"); err != nil {
		Skip("kubectl" + reasonFollows + err.Error())
	}
	return current.fixture(func(cfg *rest.Config, namespace string) workflow.Interface {
		by := legacy.SubprocessOptions{Kubeconfig: *kubeconfig, Context: current.context}
		for _, variable := range os.Environ() { // the user's credential plugin may need any of them
			name, _, _ := strings.Cut(variable, "=")
			by.Env = append(by.Env, name)
		}
		if cfg != current.cfg {
			by.Kubeconfig = current.kubeconfigOf(cfg)
		}
		opts := workflow.Options{Namespace: namespace, RetryFor: kubectlRetryFor}
		return must(legacy.NewKubectlClient(legacy.NewSubprocessExecutor(by), opts))
	})
})

// kubeconfigOf returns the path of a kubeconfig for a token on the run's cluster. The file is removed
// after the spec.
func (r *run) kubeconfigOf(cfg *rest.Config) string {
	GinkgoHelper()
	const account = "account"
	file := clientcmdapi.NewConfig()
	file.Clusters[account] = r.file.Clusters[r.file.Contexts[r.context].Cluster]
	file.AuthInfos[account] = &clientcmdapi.AuthInfo{Token: cfg.BearerToken}
	file.Contexts[r.context] = &clientcmdapi.Context{Cluster: account, AuthInfo: account}
	path := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(clientcmd.WriteToFile(*file, path)).To(Succeed())
	return path
}
