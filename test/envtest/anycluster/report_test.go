package anycluster_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// notRun is in the place of a need for specs that were not selected, or were left out after Ctrl-C.
const notRun = "not selected or interrupted"

// group is the results of the specs of one operation, by one implementation.
type group struct {
	name           string
	passed, failed int
	skipped        map[string]int // by what is lacking
}

// report is the results of a run.
type report struct {
	groups   []*group
	why      map[string]string // by what is lacking
	failures []string
}

func (t *report) add(all Report) {
	t.why = map[string]string{}
	for _, spec := range all.SpecReports {
		if spec.LeafNodeType != types.NodeTypeIt {
			if spec.Failed() {
				t.fail(spec)
			}
			continue
		}
		containers := append(slices.Clone(spec.ContainerHierarchyTexts), "values")
		name := strings.TrimPrefix(containers[0], "conformance of the ") + ": " + strings.ToUpper(containers[1][:1]) + containers[1][1:]
		i := slices.IndexFunc(t.groups, func(g *group) bool { return g.name == name })
		if i < 0 {
			i = len(t.groups)
			t.groups = append(t.groups, &group{name: name, skipped: map[string]int{}})
		}
		g := t.groups[i]
		switch {
		case spec.State.Is(types.SpecStatePassed):
			g.passed++
		case spec.State.Is(types.SpecStateSkipped | types.SpecStatePending):
			need, why, stated := strings.Cut(spec.Failure.Message, reasonFollows)
			if !stated {
				need = notRun
			}
			g.skipped[need]++
			t.why[need] = why
		default:
			g.failed++
			t.fail(spec)
		}
	}
}

func (t *report) fail(spec SpecReport) {
	message, _, _ := strings.Cut(spec.Failure.Message, "\n")
	t.failures = append(t.failures, status.Printable(strings.TrimSpace(spec.FullText()+" ("+spec.State.String()+"): "+message)))
}

func (t *report) passed() (n int) {
	for _, g := range t.groups {
		n += g.passed
	}
	return n
}

// write prints the report, and writes it to a file, if one is named.
func (t *report) write(r *run, file string) error {
	var b strings.Builder
	b.WriteString("# Conformance\n\n")
	for _, fact := range r.facts {
		fmt.Fprintf(&b, "- %s\n", fact)
	}
	b.WriteString("\n| specs | passed | failed | skipped | lacking |\n|---|---|---|---|---|\n")
	all := &group{name: "all", skipped: map[string]int{}}
	for _, g := range t.groups {
		all.passed, all.failed = all.passed+g.passed, all.failed+g.failed
		for need, n := range g.skipped {
			all.skipped[need] += n
		}
	}
	for _, g := range append(slices.Clone(t.groups), all) {
		if g != all && g.passed+g.failed == 0 && len(g.skipped) == 1 && g.skipped[notRun] > 0 {
			continue
		}
		skipped := 0
		var lacking []string
		for _, need := range slices.Sorted(maps.Keys(g.skipped)) {
			skipped += g.skipped[need]
			lacking = append(lacking, fmt.Sprint(need, " ", g.skipped[need]))
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %s |\n", g.name, g.passed, g.failed, skipped, strings.Join(lacking, ", "))
	}
	b.WriteString("\n")
	for _, need := range slices.Sorted(maps.Keys(t.why)) {
		if t.why[need] != "" {
			fmt.Fprintf(&b, "- %s: %s\n", need, t.why[need])
		}
	}
	for _, failure := range t.failures {
		fmt.Fprintf(&b, "- failed: %s\n", failure)
	}
	fmt.Print("\n" + b.String())
	if file == "" {
		return nil
	}
	return os.WriteFile(file, []byte(b.String()), 0o644) //nolint:gosec // others may read it
}
