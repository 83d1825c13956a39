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

// Difference is a difference between the two sides.
type Difference struct {
	// Steps are the steps that were taken; the sides differ after the last.
	Steps []Step
	// What describes the difference, with both sides.
	What string
}

func (d *Difference) String() string {
	return fmt.Sprintf("after\n%s\nthey differ in %s", Listing(d.Steps), d.What)
}

// Compare runs the steps on both sides until the sides differ, and then empties their namespaces.
// It returns nil if they don't differ. The error is one of the comparison, not of a step. It
// blocks, and needs both namespaces for itself.
func Compare(ctx context.Context, one, other Side, steps []Step) (found *Difference, err error) {
	defer func() { err = errors.Join(err, both(func(_ int, s Side) error { return s.clear(ctx) }, one, other)) }()
	for i, step := range steps {
		var outcomes [2]outcome
		var objects [2]map[string]string
		err := both(func(at int, s Side) (err error) {
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
	return verbs()[s.Verb][s.Variant].do(ctx, on, s.Name)
}

// both calls do for both sides concurrently: with 0 for one, and with 1 for other.
func both(do func(at int, s Side) error, one, other Side) error {
	var first, second error
	var running sync.WaitGroup
	running.Go(func() { first = do(0, one) })
	running.Go(func() { second = do(1, other) })
	running.Wait()
	return errors.Join(first, second)
}

// differing describes how the sides differ; "" if they don't.
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

// lines returns the lines that only one of two strings has.
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
