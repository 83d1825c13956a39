package faults_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

const (
	editors = 8
	// counter is a counter that all editors increment. Each editor also has a counter of its own.
	counter = "faults.argoservice/counter"
)

// contest is one workflow that all editors edit: a series of gates. The first editor to pass a gate
// wins it, with a value that names the winner.
type contest struct {
	scene    *scene
	name     string
	gates    int
	verdict  *verdict
	suspends atomic.Int64

	mu     sync.Mutex
	passed map[string][]string // by gate: the values of the editors whose call reported success
}

var _ = Describe("eight clients and the controller edit one workflow", first, func() {
	It("and no update is lost", func(ctx SpecContext) {
		s := newScene(ctx)
		c := &contest{scene: s, gates: form(6, 20), passed: map[string][]string{}}
		c.verdict = &verdict{Row: faults.Row{Fault: "8 clients and the controller edit one workflow", Injected: editors}}
		c.name = createContest(ctx, s.namespace, c.gates)
		counts := form(12, 40)

		var calls sync.WaitGroup
		for i := range editors {
			client := s.caller(cluster.Config(), nil)
			calls.Go(func() { c.pass(ctx, client, i) })
			calls.Go(func() { c.suspend(ctx, client) })
			calls.Go(func() { c.countUp(ctx, i, counts) })
		}
		end, err := s.caller(cluster.Config(), nil).Wait(ctx, c.name, workflow.Completed)
		Expect(err).NotTo(HaveOccurred())
		calls.Wait()

		final, err := s.steer.Get(ctx, c.name)
		Expect(err).NotTo(HaveOccurred())
		Expect(end.Outcome()).To(Equal(status.OutcomeSucceeded))
		c.judge(final, counts)
		s.leave(ctx)
		enter(c.verdict)
	}, SpecTimeout(10*time.Minute))
})

// pass tries to pass each waiting gate until the workflow has ended.
func (c *contest) pass(ctx context.Context, client *caller, editor int) {
	for s, err := range client.Watch(ctx, c.name) {
		if c.verdict.failed("watch", err) {
			return
		}
		for _, gate := range s.SuspendedNodes() {
			value := fmt.Sprintf("editor-%d", editor)
			result, err := client.Approve(ctx, c.name, workflow.Decision{
				Gates: []string{gate.ID}, Outputs: map[string]any{"winner": value},
			})
			if errors.Is(err, workflow.ErrNotSuspended) || errors.Is(err, workflow.ErrCompleted) {
				continue // another editor was first
			}
			if c.verdict.failed("approve "+gate.DisplayName, err) {
				continue
			}
			c.mu.Lock()
			for _, passed := range result.Gates { // none if another editor was first
				c.passed[passed.Name] = append(c.passed[passed.Name], value)
			}
			c.mu.Unlock()
		}
	}
}

// suspend suspends the workflow and resumes it, several times. A Resume of the whole workflow would
// pass its gates too, so a plain edit lifts the suspension.
func (c *contest) suspend(ctx context.Context, client *caller) {
	for range form(3, 10) {
		err := client.Suspend(ctx, c.name, workflow.SuspendOptions{})
		if errors.Is(err, workflow.ErrCompleted) {
			return
		}
		if err == nil {
			err = c.update(ctx, func(obj *unstructured.Unstructured) {
				unstructured.RemoveNestedField(obj.Object, "spec", "suspend")
			})
		}
		if !c.verdict.failed("suspend", err) {
			c.suspends.Add(1)
		}
	}
}

// countUp increments the common counter and the editor's own: it reads, adds one, and writes on
// condition that no other writer has written since.
func (c *contest) countUp(ctx context.Context, editor, times int) {
	for range times {
		c.verdict.failed("count", c.update(ctx, func(obj *unstructured.Unstructured) {
			annotations := obj.GetAnnotations()
			if annotations == nil {
				annotations = map[string]string{}
			}
			for _, name := range []string{counter, counterOf(editor)} {
				n, _ := strconv.Atoi(annotations[name]) // a missing counter is 0
				annotations[name] = strconv.Itoa(n + 1)
			}
			obj.SetAnnotations(annotations)
		}))
	}
}

func counterOf(editor int) string { return fmt.Sprintf("%s-%d", counter, editor) }

// update edits the workflow with a plain client, and retries on conflicts.
func (c *contest) update(ctx context.Context, edit func(obj *unstructured.Unstructured)) error {
	workflows := argotest.Workflows(dyn, c.scene.namespace)
	for {
		obj, err := workflows.Get(ctx, c.name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		edit(obj)
		_, err = workflows.Update(ctx, obj, metav1.UpdateOptions{})
		if !apierrors.IsConflict(err) {
			return err
		}
	}
}

// judge compares the final workflow with the results that the calls returned.
func (c *contest) judge(final *status.WorkflowStatus, counts int) {
	v := c.verdict
	v.InFlight = c.gates*editors + int(c.suspends.Load()) + counts*editors
	v.counted(final, counter, counts*editors)
	for i := range editors {
		v.counted(final, counterOf(i), counts)
	}
	for i := range c.gates {
		name := gateName(i)
		winners := c.passed[name]
		switch {
		case len(winners) == 0:
			v.lost("nobody was told to have passed %s", name)
			continue
		case len(winners) > 1:
			v.duplicated(len(winners)-1, "%s was passed by %v", name, winners)
		}
		if value, _ := final.OutputParameter(status.NodeNamed(name), "winner"); value != winners[0] {
			v.wrong("%s was passed by %s and has %q", name, winners[0], value)
		}
	}
}

func (v *verdict) counted(final *status.WorkflowStatus, name string, want int) {
	got, _ := strconv.Atoi(final.Annotations[name])
	if got < want {
		v.note(&v.Lost, want-got, "lost: %s is %d, not %d", name, got, want)
	}
	if got > want {
		v.duplicated(got-want, "%s is %d, not %d", name, got, want)
	}
}

func gateName(i int) string { return fmt.Sprintf("gate-%02d", i) }

// createContest creates a workflow with the given even number of gates. Two of them wait at a time,
// so that a gate can be passed while another one waits.
func createContest(ctx context.Context, namespace string, gates int) string {
	GinkgoHelper()
	manifest := `
metadata: {generateName: contest-}
apiVersion: argoproj.io/v1alpha1
kind: Workflow
spec:
  entrypoint: main
  templates:
  - name: gate
    suspend: {}
    outputs: {parameters: [{name: winner, valueFrom: {supplied: {}}}]}
  - name: main
    steps:`
	for i := 0; i < gates; i += 2 {
		manifest += fmt.Sprintf("\n    - [{name: %s, template: gate}, {name: %s, template: gate}]",
			gateName(i), gateName(i+1))
	}
	return argotest.Create(ctx, argotest.Workflows(dyn, namespace), manifest)
}
