package differential

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Step is one thing to do: a verb, for a workflow, in one of its variants.
type Step struct {
	Verb string
	// Name is the workflow's, within the sequence.
	Name string
	// Variant is one of the verb's ways, counted from 0, which is the simplest.
	Variant int
}

// String tells what is done, e.g. "resume b (the one gate, with outputs)".
func (s Step) String() string {
	text := s.Verb + " " + s.Name
	if v := verbs()[s.Verb].variants[s.Variant]; v.what != "" {
		text += " (" + v.what + ")"
	}
	return text
}

// Listing is a sequence as text, a step on each line.
func Listing(steps []Step) string {
	lines := make([]string, len(steps))
	for i, s := range steps {
		lines[i] = fmt.Sprintf("%2d. %s", i+1, s)
	}
	return strings.Join(lines, "\n")
}

const (
	// names is how many workflows a sequence is about: few, so that steps meet.
	names = 2
	// mostSteps a sequence has.
	mostSteps = 6
)

// Steps draws the sequence of a seed, always the same.
func Steps(seed uint64) []Step {
	r := rand.New(rand.NewPCG(seed, 0))
	steps := make([]Step, 1+r.IntN(mostSteps))
	for i := range steps {
		steps[i] = draw(r)
	}
	// Without a workflow everything is an error, so most sequences begin with one.
	if r.IntN(10) > 0 {
		steps[0] = Step{Verb: "start", Name: steps[0].Name}
	}
	return steps
}

func draw(r *rand.Rand) Step {
	verb := lots()[r.IntN(len(lots()))]
	return Step{
		Verb: verb, Name: string(rune('a' + r.IntN(names))),
		Variant: r.IntN(len(verbs()[verb].variants)),
	}
}

// lots are the verbs, each as often as it is to come up.
func lots() []string {
	return []string{
		"start", "start", "start", "get", "list",
		"suspend", "resume", "resume", "stop", "stop", "terminate", "retry", "retry", "resubmit", "delete",
		"controller", "controller", "controller", "controller", "controller",
	}
}
