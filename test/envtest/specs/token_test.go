package specs_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// In a pod, the kubelet renews the token in the file before it expires. client-go rereads the file
// after some 50 seconds.
const tokenReread = 75 * time.Second

var _ = Describe("the token of a service account in a file", first, func() {
	It("is read again when it was renewed, with a wait open", func(ctx SpecContext) {
		namespace := newNamespace(ctx)
		shared.restricted(ctx, namespace, map[string][]string{"workflows": {"get", "list", "watch", "create", "patch"}})
		var account string
		for _, a := range must(kube.CoreV1().ServiceAccounts(namespace).List(ctx, metav1.ListOptions{})).Items {
			if strings.HasPrefix(a.Name, "restricted-") {
				account = a.Name
			}
		}
		file := filepath.Join(GinkgoT().TempDir(), "token")
		first, expire := boundToken(ctx, namespace, account)
		putToken(file, first)

		cfg := rest.AnonymousClientConfig(cluster.Config())
		cfg.BearerTokenFile = file
		var sent atomic.Value
		cfg = intercepted(cfg, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			sent.Store(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
			return next.RoundTrip(r)
		})
		client := nativeClient(cfg, namespace)
		started := must(client.Start(ctx, workflow.StartRequest{Manifest: []byte(gatedWorkflow)}))
		waited := make(chan error, 1)
		go func() { waited <- second(client.Wait(ctx, started.Name, workflow.Completed)) }()

		renewed, _ := boundToken(ctx, namespace, account)
		putToken(file, renewed)
		Eventually(ctx, func(g Gomega) {
			_, err := client.Get(ctx, started.Name)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(sent.Load() == renewed).To(BeTrue()) // a boolean, so that a failure doesn't print a token
		}).WithTimeout(tokenReread).WithPolling(time.Second).Should(Succeed())

		expire(ctx)
		old := rest.AnonymousClientConfig(cluster.Config())
		old.BearerToken = first
		Eventually(ctx, func() error { return second(nativeClient(old, namespace).Get(ctx, started.Name)) }).
			Should(MatchError(workflow.ErrUnauthorized))
		must(client.Resume(ctx, started.Name, workflow.ResumeOptions{}))
		Eventually(ctx, waited).Should(Receive(BeNil()))
	}, SpecTimeout(startTimeout))
})

// boundToken returns a token of a service account that is bound to a Secret. expire invalidates it.
func boundToken(ctx context.Context, namespace, account string) (token string, expire func(context.Context)) {
	GinkgoHelper()
	secret := must(kube.CoreV1().Secrets(namespace).Create(ctx,
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{GenerateName: "token-"}}, metav1.CreateOptions{}))
	made := must(kube.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{
			BoundObjectRef: &authenticationv1.BoundObjectReference{Kind: "Secret", APIVersion: "v1", Name: secret.Name, UID: secret.UID},
		},
	}, metav1.CreateOptions{}))
	tokens.add(made.Status.Token)
	return made.Status.Token, func(ctx context.Context) {
		GinkgoHelper()
		Expect(kube.CoreV1().Secrets(namespace).Delete(ctx, secret.Name, metav1.DeleteOptions{})).To(Succeed())
	}
}

// putToken replaces the token file atomically, as the kubelet does.
func putToken(file, token string) {
	GinkgoHelper()
	Expect(os.WriteFile(file+".new", []byte(token), 0o600)).To(Succeed())
	Expect(os.Rename(file+".new", file)).To(Succeed())
}
