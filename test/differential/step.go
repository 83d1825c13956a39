package differential

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Step is a verb in one of its variants, for a workflow.
type Step struct {
	Verb string
	// Name is the workflow's name within the sequence.
	Name string
	// Variant is the index of the verb's variant; 0 is the simplest.
	Variant int
}

// String describes the step, e.g. "approve b (all, with outputs)".
func (s Step) String() string {
	text := s.Verb + " " + s.Name
	if v := verbs()[s.Verb][s.Variant]; v.what != "" {
		text += " (" + v.what + ")"
	}
	return text
}

// Listing returns a sequence as a string, one step per line.
func Listing(steps []Step) string {
	lines := make([]string, len(steps))
	for i, s := range steps {
		lines[i] = fmt.Sprintf("%2d. %s", i+1, s)
	}
	return strings.Join(lines, "\n")
}

const (
	// names is the number of workflows in a sequence: few, so that steps affect the same ones.
	names = 2
	// mostSteps is the maximum length of a sequence.
	mostSteps = 6
)

// Steps returns the sequence of a seed, which is always the same.
func Steps(seed uint64) []Step {
	r := rand.New(rand.NewPCG(seed, 0))
	steps := make([]Step, 1+r.IntN(mostSteps))
	for i := range steps {
		steps[i] = draw(r)
	}
	// Without a workflow every step is an error, so most sequences begin with a start.
	if r.IntN(10) > 0 {
		steps[0] = Step{Verb: "start", Name: steps[0].Name}
	}
	return steps
}

func draw(r *rand.Rand) Step {
	verb := lots()[r.IntN(len(lots()))]
	return Step{
		Verb: verb, Name: string(rune('a' + r.IntN(names))),
		Variant: r.IntN(len(verbs()[verb])),
	}
}

// lots contains each verb as often as it should be drawn.
func lots() []string {
	return []string{
		"start", "start", "start", "get", "list",
		"suspend", "resume", "approve", "approve", "reject", "stop", "terminate", "retry", "retry", "resubmit", "delete",
		"controller", "controller", "controller", "controller", "controller",
	}
}
