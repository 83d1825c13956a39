package faults_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

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
	scene *scene
	name  string
	gates int

	mu       sync.Mutex
	passed   map[string][]string // by gate: the values of the editors whose call reported success
	suspends int
	wrong    []error
}

var _ = Describe("eight clients and the controller edit one workflow", first, func() {
	It("and no update is lost", func(ctx SpecContext) {
		s := newScene(ctx)
		c := &contest{scene: s, gates: form(6, 20), passed: map[string][]string{}}
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
		v := c.judge(final, counts)
		s.leave(ctx)
		enter(v)
	}, SpecTimeout(10*time.Minute))
})

// pass tries to pass each waiting gate until the workflow has ended.
func (c *contest) pass(ctx context.Context, client *caller, editor int) {
	for s, err := range client.Watch(ctx, c.name) {
		if err != nil {
			c.fail(fmt.Errorf("watch: %w", err))
			return
		}
		for _, gate := range s.SuspendedNodes() {
			value := fmt.Sprintf("editor-%d", editor)
			result, err := client.Approve(ctx, c.name, workflow.Decision{
				Gates: []string{gate.ID}, Outputs: map[string]any{"winner": value},
			})
			switch {
			case errors.Is(err, workflow.ErrNotSuspended), errors.Is(err, workflow.ErrCompleted):
				continue // another editor was first
			case err != nil:
				c.fail(fmt.Errorf("approve %s: %w", gate.DisplayName, err))
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
			err = update(ctx, dyn, c.scene.namespace, c.name, func(object map[string]any) {
				if spec, ok := object["spec"].(map[string]any); ok {
					delete(spec, "suspend")
				}
			})
		}
		if err != nil {
			c.fail(fmt.Errorf("suspend: %w", err))
			continue
		}
		c.mu.Lock()
		c.suspends++
		c.mu.Unlock()
	}
}

// countUp increments the common counter and the editor's own: it reads, adds one, and writes on
// condition that no other writer has written since.
func (c *contest) countUp(ctx context.Context, editor, times int) {
	for range times {
		err := update(ctx, dyn, c.scene.namespace, c.name, func(object map[string]any) {
			annotations := annotationsOf(object)
			for _, name := range []string{counter, counterOf(editor)} {
				text, _ := annotations[name].(string)
				n, _ := strconv.Atoi(text) // a missing counter is 0
				annotations[name] = strconv.Itoa(n + 1)
			}
		})
		if err != nil {
			c.fail(fmt.Errorf("count: %w", err))
		}
	}
}

func counterOf(editor int) string { return fmt.Sprintf("%s-%d", counter, editor) }

func annotationsOf(object map[string]any) map[string]any {
	metadata := object["metadata"].(map[string]any) //nolint:forcetypeassert // the API server sees to it
	annotations, ok := metadata["annotations"].(map[string]any)
	if !ok {
		annotations = map[string]any{}
		metadata["annotations"] = annotations
	}
	return annotations
}

// update edits a workflow with a plain client, and retries on conflicts.
func update(ctx context.Context, client dynamic.Interface, namespace, name string, edit func(object map[string]any)) error {
	for {
		obj, err := argotest.Workflows(client, namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		edit(obj.Object)
		_, err = argotest.Workflows(client, namespace).Update(ctx, obj, metav1.UpdateOptions{})
		if !apierrors.IsConflict(err) {
			return err
		}
	}
}

func (c *contest) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong = append(c.wrong, err)
}

// judge compares the final workflow with the results that the calls returned.
func (c *contest) judge(final *status.WorkflowStatus, counts int) *verdict {
	v := &verdict{Row: faults.Row{
		Fault:    "8 clients and the controller edit one workflow",
		InFlight: c.gates*editors + c.suspends + counts*editors,
		Injected: editors,
	}}
	for _, err := range c.wrong {
		v.wrong("%v", err)
	}
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
		if value := winnerOf(final, name); value != winners[0] {
			v.wrong("%s was passed by %s and has %q", name, winners[0], value)
		}
	}
	return v
}

func (v *verdict) counted(final *status.WorkflowStatus, name string, want int) {
	got, _ := strconv.Atoi(final.Annotations[name])
	if got < want {
		v.Lost += want - got
		v.problems = append(v.problems, fmt.Sprintf("lost: %s is %d, not %d", name, got, want))
	}
	if got > want {
		v.duplicated(got-want, "%s is %d, not %d", name, got, want)
	}
}

// winnerOf returns the output value of a gate.
func winnerOf(s *status.WorkflowStatus, gate string) string {
	for _, node := range s.Nodes {
		if node.DisplayName != gate {
			continue
		}
		value, _ := node.Outputs().Parameter("winner")
		return value
	}
	return ""
}

func gateName(i int) string { return fmt.Sprintf("gate-%02d", i) }

// createContest creates a workflow with the given number of gates. Two of them wait at a time, so
// that a gate can be passed while another one waits.
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
	for i := range gates {
		first := "-"
		if i%2 == 0 {
			first = "- -"
		}
		indent := "    "
		if i%2 == 1 {
			indent = "      "
		}
		manifest += "\n" + indent + first + " {name: " + gateName(i) + ", template: gate}"
	}
	return argotest.Create(ctx, argotest.Workflows(dyn, namespace), manifest)
}
