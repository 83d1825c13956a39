package faults_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/faults"
)

// impatience is RetryFor of the clients for whom the access comes back too late.
const impatience = time.Second

// Access that is taken away. What is open stays open, so the line is cut: each wait has to come
// back to a server that refuses it.
var _ = Describe("access that is taken away during a wait", func() {
	var (
		s       *scene
		line    *faults.Line
		account *rest.Config
	)
	BeforeEach(func(ctx SpecContext) {
		s = newScene(ctx)
		line = s.line(apiServer())
		account = s.account(ctx)
	}, NodeTimeout(soon))

	// Two clients wait: one is patient, and goes on as soon as the access is back. The other's
	// RetryFor is over before.
	takeAndGive := func(ctx context.Context, what string, cfg *rest.Config, want error, taken, given func(context.Context)) {
		GinkgoHelper()
		patient := s.caller(cfg, line)
		opts := options(s.namespace)
		opts.RetryFor = impatience
		impatient := s.callerWith(cfg, line, opts)
		calls, l := newLoad(ctx, s)
		l.gates(calls, form(20, 100), []*caller{patient})
		short, lost := newLoad(ctx, s)
		lost.gates(short, form(10, 50), []*caller{impatient})

		By("the access is taken away")
		taken(ctx)
		Expect(line.Cut()).To(Succeed())
		l.calls.Go(func() { l.end(calls, 0, len(l.waits)) })
		lost.awaitCalls(impatience + soon)
		_, err := impatient.Wait(ctx, lost.waits[0].name, workflow.Completed)
		Expect(err).To(MatchError(want), "a wait that begins without access")
		gone := lost.judgeRefused(want, what+" for longer than RetryFor")

		By("the access is given back")
		given(ctx)
		l.finish(ctx, form(time.Minute, 2*time.Minute))
		back := l.judge(ctx, what+" and given back", 1)
		s.leave(ctx)
		gone.enter()
		back.enter()
	}

	Describe("as a role binding", func() {
		taken := func(ctx context.Context) {
			GinkgoHelper()
			s.forbid(ctx)
			probe := s.caller(account, nil)
			Eventually(ctx, func() error { return listed(ctx, probe) }).Should(MatchError(workflow.ErrForbidden))
		}

		It("ends a wait with ErrForbidden, or is no fault if it comes back in time", func(ctx SpecContext) {
			takeAndGive(ctx, "RBAC revoked", account, workflow.ErrForbidden, taken, s.permit)
		}, SpecTimeout(4*time.Minute))
	})

	Describe("as a token", func() {
		var (
			file   string
			secret string // the token is good as long as it is there
		)
		BeforeEach(func(ctx SpecContext) {
			file = filepath.Join(GinkgoT().TempDir(), "token")
			secret = s.writeToken(ctx, file)
		}, NodeTimeout(soon))

		taken := func(ctx context.Context) {
			GinkgoHelper()
			old := rest.AnonymousClientConfig(cluster.Config())
			token, err := os.ReadFile(file)
			Expect(err).NotTo(HaveOccurred())
			old.BearerToken = string(token)
			Expect(kube.CoreV1().Secrets(s.namespace).Delete(ctx, secret, metav1.DeleteOptions{})).To(Succeed())
			probe := s.caller(old, nil)
			Eventually(ctx, func() error { return listed(ctx, probe) }).Should(MatchError(workflow.ErrUnauthorized))
		}
		given := func(ctx context.Context) { s.writeToken(ctx, file) }

		It("ends a wait with ErrUnauthorized, or is no fault if it is renewed in time", func(ctx SpecContext) {
			takeAndGive(ctx, "token expired", fromSource(file), workflow.ErrUnauthorized, taken, given)
		}, SpecTimeout(4*time.Minute))

		It("ends a wait with ErrUnauthorized, or is no fault if its file is renewed in time", func(ctx SpecContext) {
			if !long() {
				Skip("it takes a minute")
			}
			// client-go reads the file again every 50 s, whatever the server says.
			cfg := rest.AnonymousClientConfig(cluster.Config())
			cfg.BearerTokenFile = file
			takeAndGive(ctx, "token (BearerTokenFile) expired", cfg, workflow.ErrUnauthorized, taken, given)
		}, SpecTimeout(4*time.Minute))
	})
})

// fromSource is a configuration with a source that reads the token anew once it was refused.
func fromSource(file string) *rest.Config {
	cfg := rest.AnonymousClientConfig(cluster.Config())
	cfg.Wrap(transport.ResettableTokenSourceWrapTransport(transport.NewCachedFileTokenSource(file)))
	return cfg
}

// writeToken gets a new token of the service account into a file. It is bound to a secret, whose
// name it returns: with the secret the token ends, at once rather than at the end of the ten
// minutes that tokens last at least.
func (s *scene) writeToken(ctx context.Context, file string) string {
	GinkgoHelper()
	secret, err := kube.CoreV1().Secrets(s.namespace).Create(ctx,
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{GenerateName: "token-"}}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	token, err := kube.CoreV1().ServiceAccounts(s.namespace).CreateToken(ctx, accountName, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{
			ExpirationSeconds: new(int64(600)),
			BoundObjectRef:    &authenticationv1.BoundObjectReference{Kind: "Secret", APIVersion: "v1", Name: secret.Name, UID: secret.UID},
		},
	}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	temp := file + ".new"
	Expect(os.WriteFile(temp, []byte(token.Status.Token), 0o600)).To(Succeed())
	Expect(os.Rename(temp, file)).To(Succeed())
	return secret.Name
}

// judgeRefused holds the waits against the error that each has to end with.
func (l *load) judgeRefused(want error, fault string) *verdict {
	v := &verdict{Row: faults.Row{Fault: fault, Injected: 1, InFlight: len(l.waits)}}
	for _, w := range l.waits {
		switch {
		case errors.Is(w.err, errLate):
			v.lost("wait for %s: %v", w.name, w.err)
		case !errors.Is(w.err, want):
			v.wrong("wait for %s: %v", w.name, w.err)
		}
	}
	return v
}
