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

// impatient is RetryFor of the clients whose access does not come back.
const impatient = 5 * time.Second

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

	comesBack := func(ctx context.Context, fault string, cfg *rest.Config, taken, given func(context.Context)) {
		GinkgoHelper()
		trial{
			fault:   fault,
			waits:   form(30, 200),
			rounds:  1, // no starts: one without permission is refused, and has to be
			callers: []*caller{s.caller(cfg, line)},
			inject: func(ctx context.Context, r round) {
				taken(ctx)
				Expect(line.Cut()).To(Succeed())
				r.end()
				hold(ctx, 3*time.Second)
				given(ctx)
			},
			within: form(time.Minute, 2*time.Minute),
		}.run(ctx, s)
	}

	// staysAway: each wait ends with the error, once RetryFor is over at the latest, and so does a
	// wait that begins then.
	staysAway := func(ctx context.Context, fault string, cfg *rest.Config, taken func(context.Context), want error) {
		GinkgoHelper()
		opts := options(s.namespace)
		opts.RetryFor = impatient
		c := s.callerWith(cfg, line, opts)
		calls, l := newLoad(ctx, s)
		l.gates(calls, form(20, 100), []*caller{c})
		taken(ctx)
		Expect(line.Cut()).To(Succeed())
		l.awaitCalls(impatient + soon)
		v := &verdict{Row: faults.Row{Fault: fault, Injected: 1, InFlight: len(l.waits)}}
		for _, w := range l.waits {
			switch {
			case errors.Is(w.err, errLate):
				v.lost("wait for %s: %v", w.name, w.err)
			case !errors.Is(w.err, want):
				v.wrong("wait for %s: %v", w.name, w.err)
			}
		}
		_, err := c.Wait(ctx, l.waits[0].name, workflow.Completed)
		Expect(err).To(MatchError(want), "a wait that begins without access")
		s.leave(ctx)
		v.enter()
	}

	Describe("as a role binding", func() {
		taken := func(ctx context.Context) {
			GinkgoHelper()
			s.forbid(ctx)
			probe := s.caller(account, nil)
			Eventually(ctx, func() error { return listed(ctx, probe) }).Should(MatchError(workflow.ErrForbidden))
		}

		It("and given back is no fault", func(ctx SpecContext) {
			comesBack(ctx, "RBAC revoked and given back", account, taken, s.permit)
		}, SpecTimeout(4*time.Minute))

		It("ends the wait with ErrForbidden", func(ctx SpecContext) {
			staysAway(ctx, "RBAC revoked for good", account, taken, workflow.ErrForbidden)
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

		// client-go reads the file again every 50 s, whatever the server says; a host's own source
		// of tokens can do better.
		It("and renewed in its file is no fault", func(ctx SpecContext) {
			if !long() {
				Skip("it takes a minute")
			}
			cfg := rest.AnonymousClientConfig(cluster.Config())
			cfg.BearerTokenFile = file
			comesBack(ctx, "token expired and renewed (BearerTokenFile)", cfg, taken, given)
		}, SpecTimeout(4*time.Minute))

		It("and renewed by the host's source of tokens is no fault", func(ctx SpecContext) {
			comesBack(ctx, "token expired and renewed (token source)", fromSource(file), taken, given)
		}, SpecTimeout(4*time.Minute))

		It("ends the wait with ErrUnauthorized", func(ctx SpecContext) {
			staysAway(ctx, "token expired for good", fromSource(file), taken, workflow.ErrUnauthorized)
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
