package specs_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// The role of backfills is tested like those of workflows, with both providers.
var _ = Describe("the role of backfills", first, func() {
	lets := func(provider backfill.Provider, probesWith func(archives string) []probe) {
		It(fmt.Sprintf("lets all of provider %s work", provider), func(ctx SpecContext) {
			namespace := newNamespace(ctx)
			arrangeBackfills(ctx, namespace)
			table, probes := backfill.Requirements(provider), probesWith(GinkgoT().TempDir())
			expectProbes(probes, table)
			requirements := func(op workflow.Op) []workflow.Requirement {
				return table[slices.IndexFunc(table, func(of workflow.OpRequirements) bool { return of.Op == op })].Requirements
			}
			accounts := accountsOf(ctx, namespace, "backfill.yaml")
			isMaking := func(p probe) bool { return slices.Contains(p.parts, partMaking) }
			making := slices.DeleteFunc(slices.Clone(probes), func(p probe) bool { return !isMaking(p) })
			for _, a := range accounts { // sequentially, because there is only one ConfigMap
				own := *a
				own.name = "first-" + a.name // the names of the probes' objects begin with it
				expectAsTheTableSays(ctx, namespace, []*account{&own}, making, requirements)
				err := kube.CoreV1().ConfigMaps(namespace).Delete(ctx, notesConfigMap, metav1.DeleteOptions{})
				Expect(err == nil || apierrors.IsNotFound(err)).To(BeTrue(), "%v", err)
			}
			createIn(ctx, namespace, `{apiVersion: v1, kind: ConfigMap, metadata: {name: `+notesConfigMap+`}}`)
			expectAsTheTableSays(ctx, namespace, accounts, slices.DeleteFunc(probes, isMaking), requirements)
		}, SpecTimeout(startTimeout))
	}
	lets(backfill.ProviderArgo, argoProbes)
	lets(backfill.ProviderK8s, deploymentProbes)
})

// partMaking is the part of the first Pause in its namespace.
const partMaking = "making the ConfigMap"

const loadTemplate = "load"

func arrangeBackfills(ctx context.Context, namespace string) {
	GinkgoHelper()
	for name, parameters := range map[string]string{loadTemplate: "", strictTemplate: "{name: needed}"} {
		argotest.Create(ctx, argotest.Templates(dyn, namespace), fmt.Sprintf(
			`{apiVersion: argoproj.io/v1alpha1, kind: WorkflowTemplate, metadata: {name: %s}, spec: {arguments: {parameters: [%s]},
				templates: [{name: %s, suspend: {}}]}}`, name, parameters, backfill.DefaultEntrypoint))
	}
}

// load returns the backfill of a session, with the given template and configuration of the account.
func (s *stage) load(cfg *rest.Config, session, template string) backfill.Backfill {
	GinkgoHelper()
	b, err := backfill.New(backfill.Config{
		TargetCluster: backfill.Cluster{Endpoint: "https://target:9200"}, Snapshot: &backfill.Snapshot{Name: "s"},
		Backfill: backfill.Reindex{
			Provider: backfill.ProviderArgo, Session: session, Argo: &backfill.Argo{WorkflowTemplate: template, Namespace: s.namespace},
		},
	}, backfill.Dependencies{
		Workflows: s.clientWith(cfg, workflow.Options{}), Kubernetes: must(dynamic.NewForConfig(cfg)), WorkingState: &memoryState{},
	})
	Expect(err).NotTo(HaveOccurred())
	return b
}

// run is the state of a run when a method is called.
type run struct{ spec, status string }

func running() run { return run{status: `phase: Running`} }
func paused() run  { return run{spec: `suspend: true, `, status: `phase: Running`} }
func ended() run   { return run{status: `phase: Succeeded`} }
func atGate() run {
	return run{status: `phase: Running, nodes: {gate: {id: gate, name: gate, displayName: gate, type: Suspend, phase: Running}}`}
}

// begun creates a session with a first run in the given state.
func (s *stage) begun(ctx context.Context, r run) (session, name string) {
	GinkgoHelper()
	session = s.fresh()
	name = "backfill-" + session
	createIn(ctx, s.namespace, fmt.Sprintf(`{apiVersion: argoproj.io/v1alpha1, kind: Workflow,
		metadata: {name: %s, labels: {%s, argoservice.opensearch.org/session: %s}},
		spec: {%sentrypoint: %s, workflowTemplateRef: {name: %s}}, status: {%s}}`,
		name, ofNobody, session, r.spec, backfill.DefaultEntrypoint, loadTemplate, r.status))
	return session, name
}

// started creates a run as the administrator, with the annotations by which a Start recognizes it.
// restarted makes it the second run.
func (s *stage) started(ctx context.Context, restarted bool, r run) (session, name string) {
	GinkgoHelper()
	session = s.fresh()
	if restarted {
		session, _ = s.begun(ctx, ended())
	}
	b := s.load(cluster.Config(), session, loadTemplate)
	st, err := map[bool]func(context.Context) (*backfill.Status, error){false: b.Start, true: b.Restart}[restarted](ctx)
	Expect(err).NotTo(HaveOccurred())
	patch, err := yaml.YAMLToJSON(fmt.Appendf(nil, `{spec: {%s}, status: {%s}}`, r.spec, r.status))
	Expect(err).NotTo(HaveOccurred())
	Expect(s.patch(ctx, st.Workflow.Name, string(patch))).To(Succeed())
	return session, st.Workflow.Name
}

// crew is a Deployment or ReplicaSet of workers, or none. The workers never run: the Deployment
// isn't rolled out, and the ReplicaSet's pods aren't scheduled.
type crew struct {
	kind   string
	paused bool
}

// workers creates them for a workflow, or for none if workflowName is empty. Without a workflow, a
// pause is recorded in the ConfigMap.
func (s *stage) workers(ctx context.Context, c crew, name, workflowName string, replicas int) {
	GinkgoHelper()
	if c.kind == "" {
		return
	}
	rollout := ""
	if c.paused {
		replicas = 0
	}
	if c.kind == "Deployment" {
		rollout = "paused: true, "
	}
	made := createIn(ctx, s.namespace, fmt.Sprintf(`{apiVersion: apps/v1, kind: %s,
		metadata: {name: %s, labels: {workflows.argoproj.io/workflow: "%s"}},
		spec: {%sreplicas: %d, selector: {matchLabels: {app: %[2]s}}, template: {metadata: {labels: {app: %[2]s}},
			spec: {schedulerName: nobody, containers: [{name: main, image: any}]}}}}`,
		c.kind, name, workflowName, rollout, replicas))
	noted := fmt.Sprintf(`{%q: {"replicas": 1, "paused": true}}`, made.GetUID())
	switch {
	case c.paused && workflowName != "":
		patch := fmt.Sprintf(`{"metadata": {"annotations": {%q: %q}}}`, pausedReplicas, noted)
		Expect(s.patch(ctx, workflowName, patch)).To(Succeed())
	case c.paused:
		patch := fmt.Appendf(nil, `{"data": {%q: %q}}`, name, noted)
		notes := kube.CoreV1().ConfigMaps(s.namespace)
		Expect(notes.Patch(ctx, notesConfigMap, types.MergePatchType, patch, metav1.PatchOptions{})).Error().NotTo(HaveOccurred())
	}
}

// verb is a method of a backfill.
type verb func(context.Context, backfill.Backfill) error

func verbs(archives string) map[workflow.Op]verb {
	return map[workflow.Op]verb{
		"create":        func(ctx context.Context, b backfill.Backfill) error { return b.Create(ctx) },
		"start":         func(ctx context.Context, b backfill.Backfill) error { return podsSeen(b.Start(ctx)) },
		"restart":       func(ctx context.Context, b backfill.Backfill) error { return podsSeen(b.Restart(ctx)) },
		"pause":         func(ctx context.Context, b backfill.Backfill) error { return b.Pause(ctx) },
		"stop":          func(ctx context.Context, b backfill.Backfill) error { return b.Stop(ctx) },
		"stop-and-wait": func(ctx context.Context, b backfill.Backfill) error { return second(b.StopAndWait(ctx)) },
		"gates":         func(ctx context.Context, b backfill.Backfill) error { return second(b.Gates(ctx)) },
		"approve": func(ctx context.Context, b backfill.Backfill) error {
			return second(b.Approve(ctx, workflow.Decision{All: true}))
		},
		"reject": func(ctx context.Context, b backfill.Backfill) error {
			return second(b.Reject(ctx, workflow.Decision{All: true}))
		},
		"status": func(ctx context.Context, b backfill.Backfill) error { return podsSeen(b.Status(ctx)) },
		"follow": func(ctx context.Context, b backfill.Backfill) error {
			var last *backfill.Status
			for st, err := range b.Follow(ctx, backfill.FollowOptions{}) {
				if err != nil {
					return err
				}
				last = st
			}
			return podsSeen(last, nil)
		},
		"scale": func(ctx context.Context, b backfill.Backfill) error {
			return allowing(allowing(b.Scale(ctx, 2), backfill.ErrNoWorkers), backfill.ErrNotStarted) // it has read the state
		},
		"archive": func(ctx context.Context, b backfill.Backfill) error {
			return second(b.Archive(ctx, backfill.ArchiveOptions{Dir: archives}))
		},
		"restore": func(ctx context.Context, b backfill.Backfill) error {
			return allowing(second(b.Restore(ctx, archives+"/none.json")), fs.ErrNotExist) // access was allowed, but there is no file
		},
	}
}

// argoProbes returns probes of all methods of backfills by workflows.
func argoProbes(archives string) []probe {
	var all []probe
	calls := verbs(archives)
	// try adds a probe that calls a method on a run. If the method watches the run, the run ends
	// once the watch is open.
	try := func(op workflow.Op, c crew, begun func(context.Context, *stage) (string, string), parts []string) {
		all = append(all, probe{op, parts, func(ctx context.Context, s *stage) error {
			session, name := begun(ctx, s)
			s.workers(ctx, c, s.fresh(), name, 1)
			return calls[op](ctx, s.load(s.onWatch(s.ending(ctx, name)), session, loadTemplate))
		}})
	}
	on := func(op workflow.Op, c crew, r run, parts ...string) {
		try(op, c, func(ctx context.Context, s *stage) (string, string) { return s.begun(ctx, r) }, parts)
	}
	onStarted := func(op workflow.Op, c crew, restarted bool, r run, parts ...string) {
		try(op, c, func(ctx context.Context, s *stage) (string, string) { return s.started(ctx, restarted, r) }, parts)
	}
	none := crew{}
	fresh := func(op workflow.Op, template string, judge func(error) error, parts ...string) {
		all = append(all, probe{op, parts, func(ctx context.Context, s *stage) error {
			return judge(calls[op](ctx, s.load(s.cfg, s.fresh(), template)))
		}})
	}
	asIs := func(err error) error { return err }
	hint := func(err error) error { return naming(err, fmt.Sprintf("did you mean %q", loadTemplate)) }
	refused := func(err error) error { return insteadOf(err, workflow.ErrInvalid) }

	fresh("create", loadTemplate, asIs)
	fresh("create", loadTemplate+"x", hint, partNaming)
	const isNew, isStarted, isPaused, pods = "one that is new", "one that was started before", "one that is paused", "Status.Pods"
	for op, restarted := range map[workflow.Op]bool{"start": false, "restart": true} {
		fresh(op, loadTemplate, asIs, isNew, pods)
		fresh(op, strictTemplate, refused, partCheck)
		fresh(op, loadTemplate+"x", hint, partNaming, partCheck)
		onStarted(op, none, restarted, running(), isStarted, pods)
		onStarted(op, none, restarted, paused(), isStarted, isPaused, pods)
		for _, kind := range []string{"Deployment", "ReplicaSet"} {
			onStarted(op, crew{kind, true}, restarted, paused(), isStarted, isPaused, "paused workers in a "+kind, pods)
		}
	}
	onStarted("start", none, false, ended(), pods)
	on("restart", none, ended(), "one that has ended", isNew, pods)
	for _, op := range []workflow.Op{"status", "follow"} {
		on(op, crew{kind: "Deployment"}, running(), pods)
	}
	for _, op := range []workflow.Op{"pause", "stop", "stop-and-wait", "gates", "scale"} {
		on(op, none, running())
	}
	for _, op := range []workflow.Op{"approve", "reject"} {
		on(op, none, atGate())
	}
	for _, op := range []workflow.Op{"archive", "restore"} {
		on(op, none, ended())
	}
	for _, kind := range []string{"Deployment", "ReplicaSet"} {
		for _, op := range []workflow.Op{"pause", "stop", "stop-and-wait", "scale"} {
			parts := []string{"workers in a " + kind}
			if op == "scale" {
				parts = append(parts, "one that has workers")
			}
			on(op, crew{kind: kind}, running(), parts...)
		}
		on("scale", crew{kind, true}, paused(), "one that has workers", "one that is paused")
	}
	return all
}

// podsSeen returns errWithout if a status lacks the pods.
func podsSeen(st *backfill.Status, err error) error {
	if err == nil && errors.Is(st.Pods.Err, workflow.ErrForbidden) {
		return errWithout
	}
	return err
}

// deploymentProbes returns probes of all methods of backfills by Deployments.
func deploymentProbes(archives string) []probe {
	var all []probe
	calls := verbs(archives)
	on := func(op workflow.Op, replicas int, paused bool, parts ...string) {
		all = append(all, probe{op, parts, func(ctx context.Context, s *stage) error {
			name := s.fresh()
			s.workers(ctx, crew{"Deployment", paused}, name, "", replicas)
			b, err := backfill.New(backfill.Config{
				TargetCluster: backfill.Cluster{Endpoint: "https://target:9200"},
				Backfill: backfill.Reindex{
					Provider: backfill.ProviderK8s, Session: name, K8s: &backfill.K8s{Namespace: s.namespace, Deployment: name},
				},
			}, backfill.Dependencies{Kubernetes: must(dynamic.NewForConfig(s.cfg)), WorkingState: &memoryState{}})
			Expect(err).NotTo(HaveOccurred())
			return calls[op](ctx, b)
		}})
	}
	restart := calls["restart"]
	calls["restart"] = func(ctx context.Context, b backfill.Backfill) error {
		return allowing(restart(ctx, b), backfill.ErrRunning) // it has read the state
	}
	for _, op := range []workflow.Op{"create", "start", "restart", "status"} {
		on(op, 1, false)
	}
	on("pause", 1, false, "noting the number in the ConfigMap")
	pause := calls["pause"]
	calls["pause"] = func(ctx context.Context, b backfill.Backfill) error {
		err := pause(ctx, b)
		if err != nil && strings.Contains(err.Error(), refusal(workflow.Permission{Verb: "create", Resource: "configmaps"})) {
			return errWithout // nothing has changed
		}
		return err
	}
	on("pause", 1, false, partMaking)
	for _, op := range []workflow.Op{"follow", "archive", "restore", "scale"} { // of a stopped backfill
		on(op, 0, false)
	}
	on("start", 0, false, "one that is paused or stopped")
	on("restart", 0, false, "one that is stopped")
	on("start", 0, true, "one that is paused or stopped", "one that is paused")
	for _, op := range []workflow.Op{"stop", "stop-and-wait"} {
		on(op, 1, false, "one that runs")
		on(op, 0, true, "one that was paused before")
	}
	on("scale", 1, false, "one that runs")
	on("scale", 0, true, "one that is paused")
	return all
}
