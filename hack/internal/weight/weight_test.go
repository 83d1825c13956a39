package weight

import (
	"path/filepath"
	"testing"

	_ "github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow" // a change there is a new test to run
)

// What a host gets into its binary is part of the library's promise.
func TestSmallestProgramIsLight(t *testing.T) {
	w, err := Of(t.Context(), filepath.Join("..", "..", "bench", "weight", "argoservice"), ".")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f MB, %d modules", float64(w.Bytes)/1e6, w.Modules)
	if w.Bytes >= MaxBytes {
		t.Errorf("%d bytes, has to stay under %d", w.Bytes, MaxBytes)
	}
	if w.Modules >= MaxModules {
		t.Errorf("%d modules, has to stay under %d", w.Modules, MaxModules)
	}
	// Smaller would be another program: client-go alone is larger.
	if w.Bytes < 5_000_000 || w.Modules < 10 {
		t.Errorf("%+v: this weighs something else", w)
	}
}

func TestOfReportsWhatDoesNotBuild(t *testing.T) {
	if w, err := Of(t.Context(), t.TempDir(), "."); err == nil {
		t.Errorf("an empty folder weighs %+v", w)
	}
}
