package differential

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Difference is where two sides part.
type Difference struct {
	// Steps are those that were done; they part at the last.
	Steps []Step
	// What tells in what, with both sides.
	What string
}

func (d *Difference) String() string {
	return fmt.Sprintf("after\n%s\nthey differ in %s", Listing(d.Steps), d.What)
}

// Compare does the steps on both sides, in namespaces that are empty afterwards, until they
// differ; nil: they don't. The error is that of looking, not that of a step. It blocks, and uses
// both namespaces alone.
func Compare(ctx context.Context, one, other Side, steps []Step) (found *Difference, err error) {
	defer func() { err = errors.Join(err, both(func(s Side) error { return s.clear(ctx) }, one, other)) }()
	for i, step := range steps {
		var outcomes [2]outcome
		var objects [2]map[string]string
		err := both(func(s Side) (err error) {
			at := 0
			if s.Namespace == other.Namespace {
				at = 1
			}
			outcomes[at] = outcomeOf(step.do(ctx, s))
			objects[at], err = s.objects(ctx)
			return err
		}, one, other)
		if err = errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		if what := differing(outcomes, objects); what != "" {
			return &Difference{Steps: steps[:i+1], What: what}, nil
		}
	}
	return nil, nil
}

func (s Step) do(ctx context.Context, on Side) (string, error) {
	return verbs()[s.Verb].variants[s.Variant].do(ctx, on, s.Name)
}

// both does something for both sides at the same time.
func both(do func(Side) error, one, other Side) error {
	var first, second error
	var running sync.WaitGroup
	running.Go(func() { first = do(one) })
	running.Go(func() { second = do(other) })
	running.Wait()
	return errors.Join(first, second)
}

// differing tells in what the sides differ; "": in nothing.
func differing(outcomes [2]outcome, objects [2]map[string]string) string {
	if !outcomes[0].agrees(outcomes[1]) {
		return fmt.Sprintf("the outcome:\none %s\nthe other %s", outcomes[0], outcomes[1])
	}
	for _, name := range slices.Sorted(maps.Keys(objects[0])) {
		if text, ok := objects[1][name]; !ok || text != objects[0][name] {
			return fmt.Sprintf("workflow %s:\n%s", name, lines(objects[0][name], text))
		}
	}
	for name := range objects[1] {
		if _, ok := objects[0][name]; !ok {
			return "workflow " + name + ", which only the other has"
		}
	}
	return ""
}

// lines are those that only one of two texts has.
func lines(one, other string) string {
	a, b := strings.Split(one, "\n"), strings.Split(other, "\n")
	var text strings.Builder
	for _, line := range a {
		if !slices.Contains(b, line) {
			text.WriteString("one:   " + line + "\n")
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			text.WriteString("other: " + line + "\n")
		}
	}
	return text.String()
}
