package specs_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argoserver"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// serverAccount is that of the Argo server itself, which may do all that the server is asked for, in all
// namespaces.
const serverAccount = "argo-server"

// serverClient returns a client of a cluster's Argo server with the token of a service account.
func serverClient(ctx context.Context, own *testCluster, namespace, account string) *argoserver.Client {
	GinkgoHelper()
	return serverClientWith(own, must(own.ServiceAccountConfig(ctx, namespace, account)).BearerToken)
}

func serverClientWith(own *testCluster, token string) *argoserver.Client {
	GinkgoHelper()
	client := must(rest.HTTPClientFor(&rest.Config{Host: own.ArgoServer(), BearerToken: token}))
	DeferCleanup(func() { utilnet.CloseIdleConnectionsFor(client.Transport) })
	return must(argoserver.New(argoserver.Options{URL: own.ArgoServer(), HTTP: client}))
}

var _ = Describe("an Argo server with an archive", labelRare, labelVersions, Ordered, func() {
	opts := envtest.Options{Database: envtest.PostgreSQL, AlwaysOffload: true, Server: true}
	var (
		own      *testCluster
		db       *sql.DB
		database *argodb.Database
		server   *argoserver.Client
	)
	BeforeAll(func(ctx SpecContext) {
		if why := envtest.DatabaseLacks(envtest.PostgreSQL); why != "" {
			skipped("specs of the Argo server", why)
		}
		own = startCluster(ctx, opts)
		db = must(own.Database().Open())
		DeferCleanup(db.Close)
		configuration := must(argodb.FromConfigMap(ctx, own.dyn, envtest.ArgoNamespace, argodb.DefaultConfigMap))
		database = must(argodb.New(db, configuration.Options))
		server = serverClient(ctx, own, envtest.ArgoNamespace, serverAccount)
	}, NodeTimeout(startTimeout))

	// archive creates a workflow, waits until it is archived, and deletes it. It returns it as it was.
	archive := func(
		ctx context.Context, in dynamic.ResourceInterface, wf *unstructured.Unstructured, phase string,
	) *unstructured.Unstructured {
		GinkgoHelper()
		name := must(in.Create(ctx, wf, metav1.CreateOptions{})).GetName()
		awaitPhase(ctx, in, name, phase)
		last := awaitArchived(ctx, in, name)
		Expect(in.Delete(ctx, name, metav1.DeleteOptions{})).To(Succeed())
		Eventually(ctx, func() error { return second(in.Get(ctx, name, metav1.GetOptions{})) }).ShouldNot(Succeed())
		return last
	}

	It("has a workflow that was deleted, as the database has it", func(ctx SpecContext) {
		namespace := own.newNamespace(ctx)
		last := archive(ctx, argotest.Workflows(own.dyn, namespace), argotest.Object(threeSteps), "Succeeded")

		byUID := must(server.ByUID(ctx, namespace, last.GetUID()))
		Expect(must(server.ByName(ctx, namespace, last.GetName()))).To(Equal(byUID))
		Expect(byUID.GetKind()).To(Equal("Workflow"))
		Expect(byUID.GetAPIVersion()).To(Equal("argoproj.io/v1alpha1"))
		Expect(must(status.FromUnstructured(byUID))).To(Equal(
			must(status.FromUnstructured(must(database.ByUID(ctx, namespace, last.GetUID()))))))
		Expect(must(status.FromUnstructured(byUID)).Nodes).To(HaveLen(7), "inline")

		Expect(second(server.ByUID(ctx, "other", last.GetUID()))).To(MatchError(workflow.ErrNotFound))
		Expect(second(server.ByUID(ctx, namespace, "absent"))).To(MatchError(workflow.ErrNotFound))
		Expect(second(server.ByName(ctx, namespace, "absent"))).To(MatchError(workflow.ErrNotFound))
	}, SpecTimeout(specTimeout))

	It("has the newest of a name", func(ctx SpecContext) {
		namespace := own.newNamespace(ctx)
		var last *unstructured.Unstructured
		for range 2 {
			wf := argotest.Object(waitsNoTime)
			wf.SetGenerateName("")
			wf.SetName("again")
			last = archive(ctx, argotest.Workflows(own.dyn, namespace), wf, "Succeeded")
			awaitNextSecond(ctx, last)
		}
		Expect(must(server.ByName(ctx, namespace, "again")).GetUID()).To(Equal(last.GetUID()))
		Expect(archivedNames(ctx, server, workflow.HistoryQuery{Namespace: namespace})).To(Equal([]string{"again", "again"}))
	}, SpecTimeout(specTimeout))

	It("selects as the database does", func(ctx SpecContext) {
		namespace := own.newNamespace(ctx)
		in := argotest.Workflows(own.dyn, namespace)
		numbered := func(label string) *unstructured.Unstructured {
			wf := argotest.Object(waitsNoTime)
			wf.SetLabels(map[string]string{"number": label})
			return archive(ctx, in, wf, "Succeeded")
		}
		one, none := numbered("1"), numbered("none")
		startedAt := must(status.FromUnstructured(one)).StartTime
		names := func(text string, query workflow.HistoryQuery) []string {
			query.Namespace = namespace
			query.Selector = must(labels.Parse(text))
			got := archivedNames(ctx, server, query)
			Expect(got).To(Equal(archivedNames(ctx, database, query)), text)
			return got
		}
		Expect(names("", workflow.HistoryQuery{})).To(ConsistOf(one.GetName(), none.GetName()))
		for text, want := range map[string]string{
			"number=1": one.GetName(), "number!=1": none.GetName(), "number,number!=none": one.GetName(),
			"number in (none,2)": none.GetName(), "number notin (none,2)": one.GetName(),
			"number>0": one.GetName(), "number<2": one.GetName(),
		} {
			Expect(names(text, workflow.HistoryQuery{})).To(Equal([]string{want}), text)
		}
		Expect(names("!number", workflow.HistoryQuery{})).To(BeEmpty())
		Expect(names("", workflow.HistoryQuery{Phases: []status.Phase{status.PhaseSucceeded}})).To(HaveLen(2))
		Expect(names("", workflow.HistoryQuery{Phases: []status.Phase{status.PhaseFailed}})).To(BeEmpty())
		around := workflow.HistoryQuery{StartedAfter: startedAt.Add(-1), StartedBefore: startedAt.Add(1)}
		Expect(names("number=1", around)).To(HaveLen(1))
		Expect(names("number=1", workflow.HistoryQuery{StartedAfter: startedAt})).To(BeEmpty())
		Expect(names("number=1", workflow.HistoryQuery{StartedBefore: startedAt})).To(BeEmpty())
	}, SpecTimeout(specTimeout))

	It("lists all once while rows go, also if more than a page started in one second", func(ctx SpecContext) {
		namespace := own.newNamespace(ctx)
		last := archive(ctx, argotest.Workflows(own.dyn, namespace), argotest.Object(waitsNoTime), "Succeeded")
		const copies = 400
		copyArchived(ctx, db, last.GetUID(), copies)
		times := map[types.UID]int{}
		for u, err := range server.List(ctx, workflow.HistoryQuery{Namespace: namespace}) {
			Expect(err).NotTo(HaveOccurred())
			times[u.GetUID()]++
			if len(times)%3 == 0 { // an offset would skip as many
				must(db.ExecContext(ctx, "delete from argo_archived_workflows where uid = $1", string(u.GetUID())))
			}
		}
		for n := 1; n <= copies; n++ {
			Expect(times).To(HaveKeyWithValue(copiedUID(n), 1))
		}
		Expect(times).To(HaveLen(copies + 1))
	}, SpecTimeout(specTimeout))

	It("asks what the token may do", func(ctx SpecContext) {
		namespace, other := own.newNamespace(ctx), own.newNamespace(ctx)
		last := archive(ctx, argotest.Workflows(own.dyn, namespace), argotest.Object(waitsNoTime), "Succeeded")
		rule := rbacv1.PolicyRule{APIGroups: []string{"argoproj.io"}, Resources: []string{"workflows"}, Verbs: []string{"get", "list"}}
		Expect(own.CreateServiceAccount(ctx, namespace, "reader", rule)).To(Succeed())
		Expect(own.CreateServiceAccount(ctx, other, "reader", rule)).To(Succeed())
		reads := func(client *argoserver.Client) (errs []error) {
			query := workflow.HistoryQuery{Namespace: namespace}
			errs = append(errs, second(client.ByUID(ctx, namespace, last.GetUID())))
			errs = append(errs, second(client.ByName(ctx, namespace, last.GetName())))
			for _, err := range client.List(ctx, query) {
				errs = append(errs, err)
			}
			return errs
		}
		allowed := serverClient(ctx, own, namespace, "reader")
		Eventually(ctx, reads).WithArguments(allowed).Should(HaveEach(BeNil()))
		for client, code := range map[*argoserver.Client]int{
			serverClient(ctx, own, other, "reader"): http.StatusForbidden,
			serverClientWith(own, "not-a-token"):    http.StatusUnauthorized,
			serverClientWith(own, ""):               http.StatusUnauthorized,
		} {
			errs := reads(client)
			Expect(errs).To(HaveLen(3))
			for _, err := range errs {
				failed := unanswered(err)
				Expect(failed.Status).To(Equal(code), failed.Error())
				Expect(failed.Transient()).To(BeFalse())
				Expect(failed.Error()).NotTo(ContainSubstring("not-a-token"))
			}
		}
	}, SpecTimeout(specTimeout))

	It("retries and resubmits what is archived", func(ctx SpecContext) {
		namespace := own.newNamespace(ctx)
		in := argotest.Workflows(own.dyn, namespace)
		last := archive(ctx, in, argotest.Object(failsByParameter), "Failed")
		// The controller would take old pods for those of the retry.
		Eventually(ctx, own.pods).WithArguments(namespace, "").Should(BeEmpty())
		resubmitted := must(server.Resubmit(ctx, namespace, last.GetUID(), argoserver.ResubmitOptions{
			Parameters: map[string]string{"code": "0"},
		}))
		Expect(resubmitted.GetName()).NotTo(Equal(last.GetName()))
		awaitPhase(ctx, in, resubmitted.GetName(), "Succeeded")
		retried := must(server.Retry(ctx, namespace, last.GetUID(), argoserver.RetryOptions{}))
		Expect(retried.GetName()).To(Equal(last.GetName()))
		Expect(retried.GetUID()).NotTo(Equal(last.GetUID()))
		Expect(second(server.Retry(ctx, namespace, last.GetUID(), argoserver.RetryOptions{}))).To(MatchError(workflow.ErrAlreadyExists))
		Expect(second(server.Retry(ctx, namespace, "absent", argoserver.RetryOptions{}))).To(MatchError(workflow.ErrNotFound))
		awaitPhase(ctx, in, retried.GetName(), "Failed")
	}, SpecTimeout(specTimeout))

	It("streams artifacts, such as archived logs", func(ctx SpecContext) {
		content := strings.Repeat("a line of the log\n", 100_000)
		storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/log" {
				http.NotFound(w, r)
				return
			}
			_, _ = io.WriteString(w, content)
		}))
		DeferCleanup(storage.Close)
		namespace := own.newNamespace(ctx)
		wf := argotest.Object(fmt.Sprintf(hasArtifacts, storage.URL, storage.URL))
		last := archive(ctx, argotest.Workflows(own.dyn, namespace), wf, "Succeeded")
		ref := argoserver.ArtifactRef{Namespace: namespace, UID: last.GetUID(), NodeID: last.GetName(), Name: "main-logs"}
		body := must(server.Artifact(ctx, ref))
		Expect(string(must(io.ReadAll(body))) == content).To(BeTrue())
		Expect(body.Close()).To(Succeed())
		ref.Name = "lost"
		_ = unanswered(second(server.Artifact(ctx, ref)))
		ref.Name = "absent"
		Expect(second(server.Artifact(ctx, ref))).To(MatchError(workflow.ErrNotFound))
	}, SpecTimeout(specTimeout))

	Describe("for a client", func() {
		historySpecs(opts, func() archiving { return archiving{own, server, database} }, labelMatrix)
	})

	It("is never mistaken for an empty archive while it or its database is down", func(ctx SpecContext) {
		namespace := own.newNamespace(ctx)
		last := archive(ctx, argotest.Workflows(own.dyn, namespace), argotest.Object(waitsNoTime), "Succeeded")
		for _, part := range []envtest.Part{envtest.PartArgoServer, envtest.PartDatabase} {
			Expect(own.Kill(ctx, part)).To(Succeed())
			for _, name := range []string{last.GetName(), "absent"} {
				failed := unanswered(second(server.ByName(ctx, namespace, name)))
				Expect(failed.Transient()).To(BeTrue(), failed.Error())
			}
			Expect(own.Restart(ctx, part)).To(Succeed())
			Eventually(ctx, server.ByName).WithArguments(namespace, last.GetName()).Should(HaveField("GetUID()", last.GetUID()))
			Expect(second(server.ByName(ctx, namespace, "absent"))).To(MatchError(workflow.ErrNotFound))
		}
	}, SpecTimeout(specTimeout))
})

var _ = Describe("an Argo server without an archive", labelRare, labelVersions, func() {
	It("does not seem to have an empty one", func(ctx SpecContext) {
		own := startCluster(ctx, envtest.Options{Server: true})
		server := serverClient(ctx, own, envtest.ArgoNamespace, serverAccount)
		errs := []error{second(server.ByUID(ctx, "ma", "absent")), second(server.ByName(ctx, "ma", "absent"))}
		for _, err := range server.List(ctx, workflow.HistoryQuery{Namespace: "ma"}) {
			errs = append(errs, err)
		}
		Expect(errs).To(HaveLen(3))
		for _, err := range errs {
			Expect(unanswered(err)).To(MatchError(ContainSubstring("the Argo server has no archive")))
		}
	}, SpecTimeout(startTimeout))
})

// unanswered checks that an error is not an answer of the archive.
func unanswered(err error) *argoserver.Error {
	GinkgoHelper()
	Expect(err).To(MatchError(workflow.ErrHistory))
	Expect(err).NotTo(MatchError(workflow.ErrNotFound))
	var typed *argoserver.Error
	Expect(errors.As(err, &typed)).To(BeTrue())
	return typed
}

// copyArchived copies an archived workflow n times, without its labels. Five of eight copies started within
// one second.
func copyArchived(ctx context.Context, db *sql.DB, uid types.UID, n int) {
	GinkgoHelper()
	tx := must(db.BeginTx(ctx, nil))
	defer func() { _ = tx.Rollback() }()
	for _, statement := range []string{
		fmt.Sprintf("create temp table copies on commit drop as select w.*, n from argo_archived_workflows w "+
			"cross join generate_series(1, %d) n where uid = '%s'", n, uid),
		"update copies set uid = '" + copiedUIDPrefix + "' || lpad(n::text, 12, '0'), startedat = timestamp '2026-01-02 03:04:05' - " +
			"case when n % 8 < 5 then n % 9 * interval '100 milliseconds' else n * interval '1 second' end",
		`update copies set workflow = jsonb_set(jsonb_set(workflow, '{metadata,uid}', to_jsonb(uid::text)), '{status,startedAt}', ` +
			`to_jsonb(to_char(startedat, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))`,
		"alter table copies drop column n",
		"insert into argo_archived_workflows select * from copies",
	} {
		must(tx.ExecContext(ctx, statement))
	}
	Expect(tx.Commit()).To(Succeed())
}

const copiedUIDPrefix = "00000000-0000-4000-8000-"

func copiedUID(n int) types.UID { return types.UID(fmt.Sprintf("%s%012d", copiedUIDPrefix, n)) }

const failsByParameter = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: fails-}
spec:
  entrypoint: main
  arguments: {parameters: [{name: code, value: "1"}]}
  templates:
  - name: main
    metadata:
      annotations: {envtest.argoservice/exit-code: "{{workflow.parameters.code}}"}
    container: {image: any, command: ["true"]}
`

const hasArtifacts = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: artifacts-}
spec:
  entrypoint: main
  templates:
  - name: main
    metadata:
      annotations:
        envtest.argoservice/outputs: '{"artifacts":[{"name":"main-logs","http":{"url":"%s/log"}},{"name":"lost","http":{"url":"%s/lost"}}]}'
    container: {image: any, command: ["true"]}
`
