package specs_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// The real controller writes these databases.
var _ = Describe("Argo's database", func() {
	databaseSpecs("in PostgreSQL, with all nodes", envtest.Options{Database: envtest.PostgreSQL, AlwaysOffload: true}, first)
	onlyInMatrix := []any{labelRare, labelVersions, labelMatrix}
	databaseSpecs("in PostgreSQL, with compressed nodes", envtest.Options{Database: envtest.PostgreSQL}, onlyInMatrix...)
	databaseSpecs("in MariaDB, with all nodes", envtest.Options{Database: envtest.MariaDB, AlwaysOffload: true}, onlyInMatrix...)
})

// maxWorkflowSize is from which size on the controller compresses workflows, and then offloads them, on a cluster
// that does not always offload. The default is a megabyte.
const maxWorkflowSize = 12 << 10

func databaseSpecs(text string, opts envtest.Options, args ...any) {
	args = append(args, Ordered, ContinueOnFailure, func() {
		var (
			own      *testCluster
			db       *sql.DB
			database *argodb.Database
		)
		BeforeAll(func(ctx SpecContext) {
			if why := envtest.DatabaseLacks(opts.Database); why != "" {
				skipped("specs of "+string(opts.Database), why)
			}
			c := must(envtest.Start(ctx, opts)) // AfterEach reports its logs
			DeferCleanup(c.Stop)
			own = newTestCluster(c)
			if !opts.AlwaysOffload {
				Expect(own.SetControllerEnv(fmt.Sprint("MAX_WORKFLOW_SIZE=", maxWorkflowSize))).To(Succeed())
				Expect(own.Restart(ctx, envtest.PartWorkflowController)).To(Succeed())
			}
			db = must(own.Database().Open())
			DeferCleanup(db.Close)
			configuration := must(argodb.FromConfigMap(ctx, own.dyn, envtest.ArgoNamespace, argodb.DefaultConfigMap))
			Expect(configuration.Archive).To(BeTrue())
			Expect(configuration.Offload).To(BeTrue())
			Expect(configuration.Options.NodesTable).To(Equal(envtest.NodesTable))
			database = must(argodb.New(db, configuration.Options))
		}, NodeTimeout(startTimeout))

		AfterEach(func() {
			if own != nil {
				reportLogs(own.Cluster)
			}
		})

		It("has a workflow that was deleted, as it was", func(ctx SpecContext) {
			namespace := own.newNamespace(ctx)
			client := argotest.Workflows(own.dyn, namespace)
			name := argotest.Create(ctx, client, threeSteps)
			awaitPhase(ctx, client, name, "Succeeded")
			before := awaitArchived(ctx, client, name)
			Expect(client.Delete(ctx, name, metav1.DeleteOptions{})).To(Succeed())

			byUID := must(database.ByUID(ctx, namespace, before.GetUID()))
			byName := must(database.ByName(ctx, namespace, name))
			Expect(byName).To(Equal(byUID))
			Expect(byUID.GetKind()).To(Equal("Workflow"))
			Expect(byUID.GetAPIVersion()).To(Equal("argoproj.io/v1alpha1"))
			Expect(byUID.GetUID()).To(Equal(before.GetUID()))
			Expect(byUID.Object["spec"]).To(Equal(before.Object["spec"]))
			archived := must(status.FromUnstructured(byUID))
			live := must(status.FromUnstructured(before))
			Expect(archived.Phase).To(Equal(status.PhaseSucceeded))
			Expect(archived.StartTime).To(BeTemporally("==", live.StartTime))
			Expect(archived.EndTime).To(BeTemporally("==", live.EndTime))
			Expect(archived.NodesErr).To(BeNil())
			Expect(archived.Nodes).To(HaveLen(7), "inline")

			for selector, want := range map[string]bool{
				"workflows.argoproj.io/phase=Succeeded": true,
				"workflows.argoproj.io/phase=Failed":    false,
			} {
				Expect(archivedNames(ctx, database, workflow.HistoryQuery{Namespace: namespace, Selector: must(labels.Parse(selector))})).
					To(HaveLen(map[bool]int{true: 1, false: 0}[want]), selector)
			}
			for query, want := range map[*workflow.HistoryQuery][]string{
				{StartedAfter: live.StartTime.Add(-1), StartedBefore: live.StartTime.Add(1)}: {name},
				{StartedAfter: live.StartTime}:               nil,
				{Phases: []status.Phase{status.PhaseFailed}}: nil,
			} {
				query.Namespace = namespace
				Expect(archivedNames(ctx, database, *query)).To(Equal(want))
			}
			Expect(second(database.ByUID(ctx, "other", before.GetUID()))).To(MatchError(workflow.ErrNotFound))
			Expect(second(database.ByName(ctx, namespace, "other"))).To(MatchError(workflow.ErrNotFound))
		}, SpecTimeout(specTimeout))

		It("has the newest of a name", func(ctx SpecContext) {
			namespace := own.newNamespace(ctx)
			client := argotest.Workflows(own.dyn, namespace)
			var last *unstructured.Unstructured
			for range 2 {
				wf := argotest.Object(waitsNoTime)
				wf.SetGenerateName("")
				wf.SetName("again")
				must(client.Create(ctx, wf, metav1.CreateOptions{}))
				awaitPhase(ctx, client, "again", "Succeeded")
				last = awaitArchived(ctx, client, "again")
				awaitNextSecond(ctx, last)
				Expect(client.Delete(ctx, "again", metav1.DeleteOptions{})).To(Succeed())
				Eventually(ctx, func() error { return second(client.Get(ctx, "again", metav1.GetOptions{})) }).ShouldNot(Succeed())
			}
			Expect(must(database.ByName(ctx, namespace, "again")).GetUID()).To(Equal(last.GetUID()))
			Expect(archivedNames(ctx, database, workflow.HistoryQuery{Namespace: namespace})).To(HaveLen(2))
		}, SpecTimeout(specTimeout))

		It("keeps NUL characters", func(ctx SpecContext) {
			if opts.Database == envtest.PostgreSQL && schemaVersion(ctx, db) <= schemaOf36 {
				Skip("jsonb cannot store them, and Argo 3.6 does not replace them: it does not archive such a workflow")
			}
			namespace := own.newNamespace(ctx)
			client := argotest.Workflows(own.dyn, namespace)
			wf := argotest.Object(waitsNoTime)
			wf.SetAnnotations(map[string]string{"note": "a\x00b"})
			created := must(client.Create(ctx, wf, metav1.CreateOptions{}))
			awaitPhase(ctx, client, created.GetName(), "Succeeded")
			awaitArchived(ctx, client, created.GetName())
			Expect(must(database.ByUID(ctx, namespace, created.GetUID())).GetAnnotations()).To(HaveKeyWithValue("note", "a\x00b"))
		}, SpecTimeout(specTimeout))

		It("has the nodes of a running workflow, and the controller reads those that are saved", func(ctx SpecContext) {
			if !opts.AlwaysOffload {
				Skip("these nodes are small, and so in the object")
			}
			namespace := own.newNamespace(ctx)
			client := argotest.Workflows(own.dyn, namespace)
			name := argotest.Create(ctx, client, oneGate)
			ref := workflow.NodesRef{Namespace: namespace}
			var object *unstructured.Unstructured
			Eventually(ctx, func(g Gomega) {
				var err error
				object, err = client.Get(ctx, name, metav1.GetOptions{})
				g.Expect(err).NotTo(HaveOccurred())
				ref.UID = object.GetUID()
				ref.Version, _, _ = unstructured.NestedString(object.Object, "status", "offloadNodeStatusVersion")
				g.Expect(ref.Version).To(HavePrefix("fnv:"))
				nodes, err := database.Nodes(ctx, ref)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(withNodes(object, nodes).SuspendedNodes()).To(HaveLen(1))
			}).Should(Succeed())

			// As a decision would: the gate has ended, under another version.
			nodes := must(database.Nodes(ctx, ref))
			version := must(database.SaveNodes(ctx, ref, withoutGates(nodes)))
			mergePatch(ctx, client, name, `{"status":{"offloadNodeStatusVersion":"`+version+`"}}`)
			status := awaitPhase(ctx, client, name, "Succeeded")
			Expect(status["offloadNodeStatusVersion"]).NotTo(BeEmpty())
			Expect(status).NotTo(HaveKey("nodes"))
			absent := ref
			absent.Version = "fnv:1"
			Expect(second(database.Nodes(ctx, absent))).To(MatchError(workflow.ErrNodesGone))
		}, SpecTimeout(specTimeout))

		if opts.Database == envtest.PostgreSQL && opts.AlwaysOffload {
			Context("whose nodes are offloaded", labelRare, labelVersions, labelMatrix, func() {
				conformance.Specs("native client, with offloaded nodes", func(ctx context.Context) conformance.Fixture {
					if slices.Contains(CurrentSpecReport().Labels(), conformance.NeedsInlineNodes) {
						Skip("all nodes are offloaded on this cluster")
					}
					return fixtureOf(ctx, own, func(cfg *rest.Config, namespace string, policies ...workflow.GatePolicy) workflow.Interface {
						return must(workflow.NewForConfig(cfg, workflow.Options{
							Namespace: namespace, Observer: logging(), GatePolicies: policies, NodeStore: database,
						}))
					})
				})
			})
		}
		It("is given a workflow before its TTL is carried out, also if that fails at first", func(ctx SpecContext) {
			namespace := own.newNamespace(ctx)
			client := argotest.Workflows(own.dyn, namespace)
			const archive = "argo_archived_workflows"
			rename := func(ctx context.Context, from, to string) error {
				return second(db.ExecContext(ctx, "alter table "+from+" rename to "+to))
			}
			Expect(rename(ctx, archive, "mislaid")).To(Succeed())
			DeferCleanup(func(ctx context.Context) { _ = rename(ctx, "mislaid", archive) }) // if it isn't yet
			name := argotest.Create(ctx, client, expiring(0))
			awaitPhase(ctx, client, name, "Succeeded")
			Consistently(ctx, client.Get).WithArguments(name, metav1.GetOptions{}).WithTimeout(5 * time.Second).
				Should(HaveField("GetLabels()", HaveKeyWithValue(argotest.ArchivingStatus, "Pending")))
			Expect(rename(ctx, "mislaid", archive)).To(Succeed())
			// The controller tries again when the workflow changes.
			Expect(argotest.Touch(ctx, client, name)).To(Succeed())
			awaitDeleted(ctx, client, name)
			Expect(must(database.ByName(ctx, namespace, name)).GetName()).To(Equal(name))
		}, SpecTimeout(specTimeout))
		historySpecs(opts, func() archiving { return archiving{own, database, database} })

		It("is never mistaken for an empty one while it is down, and works when it is back", func(ctx SpecContext) {
			// Only what is there before: the controller of 4.0 can lose sight of a workflow whose nodes it
			// could not store on a connection that broke.
			namespace := own.newNamespace(ctx)
			client := argotest.Workflows(own.dyn, namespace)
			name := argotest.Create(ctx, client, waitsNoTime)
			awaitPhase(ctx, client, name, "Succeeded")
			awaitArchived(ctx, client, name)
			Expect(own.Kill(ctx, envtest.PartDatabase)).To(Succeed())
			for _, name := range []string{name, "absent"} {
				err := second(database.ByName(ctx, namespace, name))
				Expect(err).To(MatchError(workflow.ErrHistory))
				Expect(err).NotTo(MatchError(workflow.ErrNotFound))
			}
			Expect(own.Restart(ctx, envtest.PartDatabase)).To(Succeed())
			Expect(must(database.ByName(ctx, namespace, name)).GetName()).To(Equal(name))
			Expect(second(database.ByName(ctx, namespace, "absent"))).To(MatchError(workflow.ErrNotFound))
		}, SpecTimeout(specTimeout))
	})
	Describe(text, args...)
}

// schemaOf36 is the schema_version of Argo 3.6.
const schemaOf36 = 60

// schemaVersion returns the index of the last change that the controller has made to the tables.
func schemaVersion(ctx context.Context, db *sql.DB) (version int) {
	GinkgoHelper()
	Expect(db.QueryRowContext(ctx, "select schema_version from schema_history").Scan(&version)).To(Succeed())
	return version
}

const waitsNoTime = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: short-}
spec:
  entrypoint: main
  templates: [{name: main, suspend: {duration: "0s"}}]
`

const oneGate = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: gate-}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: gate, template: gate}
    - - {name: after, template: after}
  - {name: gate, suspend: {}}
  - {name: after, suspend: {duration: "0s"}}
`

// skipped skips specs for lack of what this machine can't have. With NO_SKIPS=1, as in CI, that is an error.
func skipped(what, why string) {
	GinkgoHelper()
	text := "skipped: " + what + ": " + why
	if os.Getenv("NO_SKIPS") != "" {
		Fail(text)
	}
	Skip(text)
}

// awaitNextSecond blocks until another workflow would start in a later second, which is all that Argo's times say.
func awaitNextSecond(ctx context.Context, wf *unstructured.Unstructured) {
	GinkgoHelper()
	Eventually(ctx, time.Now).Should(BeTemporally(">=", must(status.FromUnstructured(wf)).StartTime.Add(time.Second)))
}

// awaitArchived blocks until the controller has archived a workflow, and returns the live one.
func awaitArchived(ctx context.Context, client dynamic.ResourceInterface, name string) *unstructured.Unstructured {
	GinkgoHelper()
	var object *unstructured.Unstructured
	Eventually(ctx, func(g Gomega) {
		var err error
		object, err = client.Get(ctx, name, metav1.GetOptions{})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(argotest.ArchiveAgain(ctx, client, object)).To(Succeed())
		g.Expect(object.GetLabels()).To(HaveKeyWithValue(argotest.ArchivingStatus, "Archived"))
	}).Should(Succeed())
	return object
}

// archivedNames lists the names of archived workflows.
func archivedNames(ctx context.Context, history workflow.History, query workflow.HistoryQuery) []string {
	GinkgoHelper()
	var names []string
	for u, err := range history.List(ctx, query) {
		Expect(err).NotTo(HaveOccurred())
		names = append(names, u.GetName())
	}
	return names
}

// withNodes returns the status of a workflow with its nodes, a JSON object.
func withNodes(object *unstructured.Unstructured, nodes []byte) *status.WorkflowStatus {
	GinkgoHelper()
	whole := object.DeepCopy()
	var decoded map[string]any
	Expect(json.Unmarshal(nodes, &decoded)).To(Succeed())
	Expect(unstructured.SetNestedMap(whole.Object, decoded, "status", "nodes")).To(Succeed())
	return must(status.FromUnstructured(whole))
}

// withoutGates returns nodes, a JSON object, in which the gates have succeeded.
func withoutGates(nodes []byte) []byte {
	GinkgoHelper()
	var decoded map[string]map[string]any
	Expect(json.Unmarshal(nodes, &decoded)).To(Succeed())
	for _, node := range decoded {
		if node["type"] == "Suspend" {
			node["phase"], node["finishedAt"] = "Succeeded", node["startedAt"]
		}
	}
	return must(json.Marshal(decoded))
}
