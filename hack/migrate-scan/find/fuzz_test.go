package find_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/find"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
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
		done := make(chan []old.Finding, 1)
		go func() {
			found, _ := find.Python(text, "/src/a.py")
			done <- found
		}()
		var found []old.Finding
		select {
		case found = <-done:
		case <-time.After(time.Minute): // for seconds at most, on a busy machine as well
			t.Fatalf("%d bytes take more than a minute", len(text))
		}
		for _, one := range found {
			if one.Line < 1 || one.Column < 1 || one.Line > len(text)+1 {
				t.Fatalf("%+v", one)
			}
		}
	})
}
