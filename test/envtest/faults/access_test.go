package faults_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

// impatience is RetryFor of the clients whose access returns too late.
const impatience = time.Second

// Clients lose their access. Open connections stay open, so the line is cut: each wait has to
// reconnect to a server that refuses it. Each kind of access has its own service account. All run
// concurrently, because the server takes time to notice a change.
var _ = Describe("access that is taken away during a wait", func() {
	It("ends the wait with an error that says so, or is no fault if it comes back in time", func(ctx SpecContext) {
		s := newScene(ctx)
		kinds := []*access{roleAccess(ctx, s), tokenAccess(ctx, s, "by-source", fromSource)}
		if long() { // client-go rereads the file every 50 s, whatever the server answers
			kinds = append(kinds, tokenAccess(ctx, s, "by-file", fromFile))
		}
		verdicts := make([][]*verdict, len(kinds))
		each(len(kinds), func(i int) {
			defer GinkgoRecover()
			verdicts[i] = kinds[i].takeAndGive(ctx, s)
		})
		s.leave(ctx)
		enter(slices.Concat(verdicts...)...)
	}, SpecTimeout(5*time.Minute))
})

// access is the access of a client, with functions that revoke and restore it. Both return when the
// API server has noticed.
type access struct {
	what  string
	cfg   *rest.Config
	want  error // error of a wait without access
	taken func(context.Context)
	given func(context.Context)
}

// takeAndGive revokes the access of two waiting clients. One is patient and continues as soon as
// the access is restored. The other's RetryFor ends before.
func (a *access) takeAndGive(ctx context.Context, s *scene) []*verdict {
	GinkgoHelper()
	line := s.line(cluster.Config())
	patient := s.caller(a.cfg, line)
	opts := options(s.namespace)
	opts.RetryFor = impatience
	impatient := s.callerWith(a.cfg, line, opts)
	calls, l := newLoad(ctx, s)
	l.gates(calls, form(20, 100), []*caller{patient})
	short, lost := newLoad(ctx, s)
	lost.gates(short, form(10, 50), []*caller{impatient})

	By(a.what)
	a.taken(ctx)
	Expect(line.Cut()).To(Succeed())
	l.calls.Go(func() { l.end(calls, 0, len(l.waits)) })
	late := &waiter{name: lost.waits[0].name} // begins without access
	lost.calls.Go(func() { late.run(short, impatient) })
	lost.awaitCalls(impatience + soon)
	lost.waits = append(lost.waits, late)
	gone := lost.judgeRefused(a.want, a.what+" for longer than RetryFor")

	By("no more: " + a.what)
	a.given(ctx)
	l.finish(ctx, form(time.Minute, 2*time.Minute))
	return []*verdict{gone, l.judge(ctx, a.what+" for a while", 1)}
}

// judgeRefused compares the results of the waits with the error that each has to end with.
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

// roleAccess is the access of a service account by its role binding.
func roleAccess(ctx context.Context, s *scene) *access {
	GinkgoHelper()
	const account = "by-role"
	a := &access{what: "RBAC revoked", cfg: s.account(ctx, account), want: workflow.ErrForbidden}
	a.taken = func(ctx context.Context) {
		GinkgoHelper()
		Expect(kube.RbacV1().RoleBindings(s.namespace).Delete(ctx, account, metav1.DeleteOptions{})).To(Succeed())
		Expect(kube.RbacV1().Roles(s.namespace).Delete(ctx, account, metav1.DeleteOptions{})).To(Succeed())
		s.awaitRefusal(ctx, a.cfg, a.want)
	}
	a.given = func(ctx context.Context) { s.permit(ctx, account) }
	return a
}

// tokenAccess is the access of a service account by a token in a file.
func tokenAccess(ctx context.Context, s *scene, account string, config func(file string) *rest.Config) *access {
	GinkgoHelper()
	s.account(ctx, account)
	file := filepath.Join(GinkgoT().TempDir(), "token")
	secret := s.writeToken(ctx, account, file) // the token is valid as long as the secret exists
	a := &access{what: "token expired (" + account + ")", cfg: config(file), want: workflow.ErrUnauthorized}
	a.taken = func(ctx context.Context) {
		GinkgoHelper()
		old := rest.AnonymousClientConfig(cluster.Config())
		token, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		old.BearerToken = string(token)
		Expect(kube.CoreV1().Secrets(s.namespace).Delete(ctx, secret, metav1.DeleteOptions{})).To(Succeed())
		s.awaitRefusal(ctx, old, a.want)
	}
	a.given = func(ctx context.Context) { s.writeToken(ctx, account, file) }
	return a
}

// awaitRefusal blocks until the server refuses a client with this configuration.
func (s *scene) awaitRefusal(ctx context.Context, cfg *rest.Config, want error) {
	GinkgoHelper()
	probe := s.caller(cfg, nil)
	Eventually(ctx, func() error { return listed(ctx, probe) }).Should(MatchError(want))
}

// fromSource returns a configuration with a token source that reads the file again after a refusal.
func fromSource(file string) *rest.Config {
	cfg := rest.AnonymousClientConfig(cluster.Config())
	cfg.Wrap(transport.ResettableTokenSourceWrapTransport(transport.NewCachedFileTokenSource(file)))
	return cfg
}

// fromFile returns a configuration like that in a pod.
func fromFile(file string) *rest.Config {
	cfg := rest.AnonymousClientConfig(cluster.Config())
	cfg.BearerTokenFile = file
	return cfg
}

// writeToken writes a new token of a service account to a file and returns the name of the secret
// that it is bound to. Deleting the secret invalidates the token at once; a token expires after ten
// minutes at the earliest.
func (s *scene) writeToken(ctx context.Context, account, file string) string {
	GinkgoHelper()
	secret, err := kube.CoreV1().Secrets(s.namespace).Create(ctx,
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{GenerateName: "token-"}}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	token, err := kube.CoreV1().ServiceAccounts(s.namespace).CreateToken(ctx, account, &authenticationv1.TokenRequest{
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
