package metricdoc

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// CheckSnippets fails the test unless the snippets of Go in the file that mention a word, or that don't
// mention it, are the text of examples, so that they compile.
func CheckSnippets(t *testing.T, file, word string, mention bool, examples string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile(examples)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, block := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(block[1], word) != mention {
			continue
		}
		checked++
		if !strings.Contains(unindented(string(code)), unindented(block[1])) {
			t.Errorf("%s: this is not the text of an example:\n%s", file, block[1])
		}
	}
	if checked == 0 {
		t.Errorf("%s has no such snippet", file)
	}
}

func unindented(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String()
}
