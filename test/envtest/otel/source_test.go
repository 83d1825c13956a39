package otel_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// found are the first groups of all matches in a file of pkg/workflow, so that what is new there
// is asked for here.
func found(t *testing.T, file, pattern string) []string {
	t.Helper()
	text, err := os.ReadFile("../../../pkg/workflow/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		all = append(all, match[1])
	}
	if len(all) == 0 {
		t.Fatalf("%s: nothing matches %s", file, pattern)
	}
	return all
}

func operations(t *testing.T) []string {
	t.Helper()
	all := found(t, "op.go", `(?m)^\tOp\w+ +Op = "(.+)"$`)
	all = append(all, string(backfill.OpReadWorkers), string(backfill.OpScaleWorkers))
	return slices.DeleteFunc(all, func(op string) bool { return op == "new-client" }) // it has no observer yet
}

func reasons(t *testing.T) []string {
	t.Helper()
	all := found(t, "reason.go", `(?:return |\{Err\w+, )"(\w+)"`)
	slices.Sort(all)
	return slices.Compact(all)
}

// table has the rows of docs/traces.md under this heading: the first cell's code, and the rest.
func table(t *testing.T, heading string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/traces.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("docs/traces.md has no section %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.*) \\|$").FindAllStringSubmatch(section, -1) {
		if _, twice := rows[row[1]]; twice {
			t.Errorf("%s: %s is there twice", heading, row[1])
		}
		rows[row[1]] = row[2]
	}
	return rows
}

// codes are the words in backquotes.
func codes(text string) []string {
	var all []string
	for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		all = append(all, match[1])
	}
	slices.Sort(all)
	return all
}

func same[V any](t *testing.T, what string, rows map[string]V, seen []string) {
	t.Helper()
	slices.Sort(seen)
	seen = slices.Compact(seen)
	if documented := slices.Sorted(maps.Keys(rows)); !slices.Equal(documented, seen) {
		t.Errorf("%s: docs/traces.md has\n%s\nand these are seen:\n%s", what, strings.Join(documented, "\n"), strings.Join(seen, "\n"))
	}
}
