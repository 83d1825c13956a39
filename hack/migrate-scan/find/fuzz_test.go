package find_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/find"
)

// Whatever a file has, it is looked at without a panic, and places lie within it.
func FuzzPython(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.py")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, _ := find.Python(text, "/src/a.py")
		for _, one := range found {
			if one.Line < 1 || one.Column < 1 || one.Line > len(text)+1 {
				t.Fatalf("%+v", one)
			}
		}
	})
}
