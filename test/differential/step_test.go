package differential

import (
	"slices"
	"testing"
)

func TestStepsDependOnTheSeed(t *testing.T) {
	met := map[string]map[int]bool{}
	for seed := range uint64(500) {
		steps := Steps(seed)
		if !slices.Equal(steps, Steps(seed)) {
			t.Fatalf("seed %d has given two sequences", seed)
		}
		for _, s := range steps {
			if met[s.Verb] == nil {
				met[s.Verb] = map[int]bool{}
			}
			met[s.Verb][s.Variant] = true
		}
	}
	for name, variants := range verbs() {
		if len(met[name]) != len(variants) {
			t.Errorf("of %d variants of %s 500 sequences have %d", len(variants), name, len(met[name]))
		}
	}
	for _, verb := range lots() {
		if _, ok := verbs()[verb]; !ok {
			t.Errorf("there is no verb %s", verb)
		}
	}
}

// Only the steps that matter are left.
func TestShrink(t *testing.T) {
	matters := func(steps []Step) (bool, error) {
		at := slices.IndexFunc(steps, func(s Step) bool { return s.Verb == "start" && s.Name == "b" })
		return at >= 0 && slices.ContainsFunc(steps[at:], func(s Step) bool { return s.Verb == "stop" && s.Variant > 0 }), nil
	}
	found := 0
	for seed := range uint64(3000) {
		steps := Steps(seed)
		if ok, _ := matters(steps); !ok {
			continue
		}
		found++
		left, err := Shrink(steps, matters)
		if err != nil {
			t.Fatal(err)
		}
		if len(left) != 2 || left[0] != (Step{"start", "b", 0}) || left[1].Verb != "stop" || left[1].Variant != 1 {
			t.Errorf("seed %d: left\n%s", seed, Listing(left))
		}
	}
	if found == 0 {
		t.Fatal("no sequence has what is looked for")
	}
}
