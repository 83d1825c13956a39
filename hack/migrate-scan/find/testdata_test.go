package find_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/find"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// What is to be found in a file of testdata stands behind "want:" on the line, as rule and how
// sure, several of them with ";" between; behind "want-line N:" for another line, and behind
// "^ want:" for the line above.
func TestFiles(t *testing.T) {
	for pattern, in := range map[string]func(text, path string) ([]old.Finding, error){
		"*.py":     find.Python,
		"*.go.txt": func(text, _ string) ([]old.Finding, error) { return find.Go(text) },
		"*.sh":     func(text, _ string) ([]old.Finding, error) { return find.Shell(text) },
	} {
		files, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				found, err := in(string(text), "/src/"+filepath.Base(file))
				if err != nil {
					t.Error(err)
				}
				got := map[int][]string{}
				for _, f := range found {
					got[f.Line] = append(got[f.Line], fmt.Sprintf("%s %s", f.Rule, f.Sure))
					if f.Column < 1 || f.Text() == "" {
						t.Errorf("%+v", f)
					}
				}
				compare(t, got, wanted(t, string(text)), strings.Split(string(text), "\n"))
			})
		}
	}
}

func wanted(t *testing.T, text string) map[int][]string {
	t.Helper()
	mark := regexp.MustCompile(`(\^ )?want(-line \d+)?: (.*)`)
	all := map[int][]string{}
	for i, line := range strings.Split(text, "\n") {
		m := mark.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		at := i + 1
		switch {
		case m[1] != "":
			at--
		case m[2] != "":
			at, _ = strconv.Atoi(strings.TrimPrefix(m[2], "-line "))
		}
		for one := range strings.SplitSeq(m[3], ";") {
			all[at] = append(all[at], strings.TrimSpace(one))
		}
	}
	return all
}

func compare(t *testing.T, got, want map[int][]string, lines []string) {
	t.Helper()
	for i, line := range lines {
		at := i + 1
		slices.Sort(got[at])
		slices.Sort(want[at])
		if !slices.Equal(got[at], want[at]) {
			t.Errorf("line %d: found %q, want %q:\n%s", at, got[at], want[at], line)
		}
	}
}
