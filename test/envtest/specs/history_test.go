package specs_test

import (
	"context"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// historyClient is an implementation of the workflow interface that the specs of historySpecs test.
type historyClient struct {
	name   string
	labels []any
	open   func(cfg *rest.Config, opts workflow.Options) workflow.Interface
}

const nativeHistory = "native client"

// historyClients are those of all implementations.
var historyClients = []historyClient{
	{name: nativeHistory, open: func(cfg *rest.Config, opts workflow.Options) workflow.Interface {
		GinkgoHelper()
		opts.Observer = logging()
		return must(workflow.NewForConfig(cfg, opts))
	}},
}

// archiving is a cluster whose controller archives workflows, and what has these and their nodes.
type archiving struct {
	*testCluster
	workflow.History
	workflow.NodeStore
}

// historySpecs are about clients with a history. Those by another client than the native one get more
// labels.
func historySpecs(opts envtest.Options, on func() archiving, ofOthers ...any) {
	for _, by := range historyClients {
		labels := slices.Clone(by.labels)
		if by.name != nativeHistory {
			labels = append(labels, ofOthers...)
		}
		Describe("for the "+by.name, append(labels, func() {
			begin := func(ctx context.Context) *historyScene {
				GinkgoHelper()
				own := on()
				s := &historyScene{own: own, open: by.open, namespace: own.newNamespace(ctx), stored: compressed}
				if opts.AlwaysOffload {
					s.stored = offloaded
				}
				s.in = argotest.Workflows(own.dyn, s.namespace)
				s.client = s.clientWith(workflow.Options{})
				return s
			}
			describeStoredNodes(begin)
			describeArchived(begin)
			describeHandOver(begin)
			if by.name == nativeHistory {
				describeArchivedPermissions(begin)
				describeArchivedBackfill(begin)
				describeExpiry(begin, opts)
			}
			describeDatabaseOutage(begin)
		})...)
	}
}

// The fields of a workflow's status in which the controller keeps nodes that are not inline.
const (
	offloaded  = "offloadNodeStatusVersion"
	compressed = "compressedNodes"
)

// historyScene is a namespace of a cluster with a database, with a client that reads both.
type historyScene struct {
	own       archiving
	open      func(cfg *rest.Config, opts workflow.Options) workflow.Interface
	namespace string
	stored    string                    // where the controller keeps the nodes of manyNodes
	in        dynamic.ResourceInterface // the workflows, as the administrator sees them
	client    workflow.Interface
}

// clientWith returns another client, as another process has it.
func (s *historyScene) clientWith(opts workflow.Options) workflow.Interface {
	GinkgoHelper()
	opts.Namespace, opts.History, opts.NodeStore = s.namespace, s.own.History, s.own.NodeStore
	return s.open(s.own.Config(), opts)
}

// skippedNodes are enough to be compressed on a cluster that does not offload them.
const skippedNodes = 50

// manyNodes has a gate, and many nodes that take no time.
const manyNodes = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: many-}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: never, template: pass, when: "1 == 2", withSequence: {count: "50"}}
    - - {name: gate, template: gate}
    - - {name: after, template: pass}
  - name: gate
    suspend: {}
    outputs: {parameters: [{name: verdict, valueFrom: {supplied: {}, default: none}}]}
  - {name: pass, suspend: {duration: "0s"}}
`

// atGate starts a workflow of manyNodes and blocks until it is at its gate.
func (s *historyScene) atGate(ctx context.Context, labels map[string]string) *status.WorkflowStatus {
	GinkgoHelper()
	started := must(s.client.Start(ctx, workflow.StartRequest{Manifest: []byte(manyNodes), Labels: labels}))
	return s.reachesGate(ctx, started.WorkflowStatus)
}

// reachesGate blocks until a workflow is at its gate.
func (s *historyScene) reachesGate(ctx context.Context, of *status.WorkflowStatus) *status.WorkflowStatus {
	GinkgoHelper()
	return must(s.client.Wait(ctx, of.Name, workflow.AtGate("gate"), workflow.WithUID(of.UID)))
}

// ends blocks until a workflow has ended, with the given outcome.
func (s *historyScene) ends(ctx context.Context, of *status.WorkflowStatus, outcome status.Outcome) *status.WorkflowStatus {
	GinkgoHelper()
	ended := must(s.client.Wait(ctx, of.Name, workflow.Completed, workflow.WithUID(of.UID)))
	Expect(ended.Outcome()).To(Equal(outcome), ended.Message)
	Expect(ended.NodesErr).NotTo(HaveOccurred())
	return ended
}

// decided is what the specs decide about the gate.
func decided() workflow.Decision { return workflow.Decision{Gates: []string{"gate"}, By: "spec"} }

// endAndCollect decides a workflow's gate, and removes it from the cluster once it is archived.
func (s *historyScene) endAndCollect(ctx context.Context, of *status.WorkflowStatus, outcome status.Outcome) *status.WorkflowStatus {
	GinkgoHelper()
	if outcome == status.OutcomeFailed {
		must(s.client.Reject(ctx, of.Name, decided()))
	} else {
		must(s.client.Approve(ctx, of.Name, decided()))
	}
	ended := s.ends(ctx, of, outcome)
	s.collect(ctx, of.Name)
	return ended
}

// collect waits until a workflow is archived, and deletes it.
func (s *historyScene) collect(ctx context.Context, name string) {
	GinkgoHelper()
	awaitArchived(ctx, s.in, name)
	Expect(s.in.Delete(ctx, name, metav1.DeleteOptions{})).To(Succeed())
	awaitDeleted(ctx, s.in, name)
}

// awaitDeleted blocks until there is no workflow of that name.
func awaitDeleted(ctx context.Context, in dynamic.ResourceInterface, name string) {
	GinkgoHelper()
	Eventually(ctx, func() error { return second(in.Get(ctx, name, metav1.GetOptions{})) }).
		Should(MatchError(apierrors.IsNotFound, "IsNotFound"))
}

// listed returns the names of the workflows that a client lists.
func (s *historyScene) listed(ctx context.Context, opts workflow.ListOptions) []string {
	GinkgoHelper()
	names := []string{}
	for listed, err := range s.client.List(ctx, opts) {
		names = append(names, must(listed, err).Name)
	}
	return names
}
