package workflow_test

import (
	"os"
	"strings"
	"testing"
)

// The README's quick start is the package's first example, so it compiles.
func TestQuickStartIsTheExample(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```go\n")
	snippet, _, _ := strings.Cut(rest, "```\n")
	if !found || strings.Count(snippet, "\n") < 10 {
		t.Fatal("the README has no quick start")
	}
	if !strings.Contains(unindented(string(examples)), unindented(snippet)) {
		t.Error("the README's quick start is not the text of Example any more")
	}
}

func unindented(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String()
}
