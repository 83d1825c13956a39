package archive_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/archive"
)

func TestRestoreWritesTheLayoutLast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	write := func(data string) {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`[{"shard_setup": {"completedAt": 1}, "a": {}}, {"b": {}}]`)
	var order []string
	written, err := archive.Restore(t.Context(), ordered{&memory{}, &order}, path)
	if err != nil || written != 3 || !slices.Equal(order, []string{"a", "b", "shard_setup"}) {
		t.Errorf("%d, %v, %v", written, order, err)
	}
	write(`[{"shard_setup": {"completedAt": 1}, "a": {}}, {"b": {}`)
	index := &memory{}
	if _, err := archive.Restore(t.Context(), index, path); !errors.Is(err, archive.ErrMalformed) || index.documents != nil {
		t.Errorf("a truncated archive: %v, %v", err, index.documents)
	}
}

func TestReadRefusesWhatIsNotAnArchive(t *testing.T) {
	for name, data := range map[string]string{
		"an empty file": "", "an object": "{}", "truncated": `[{"a": {}`, "truncated between batches": `[{"a": {}}`,
		"a string": `["a"]`, "a key without a document": `[{"a": }]`, "two arrays": `[] []`, "not JSON": "hello",
	} {
		path := filepath.Join(t.TempDir(), "a.json")
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range archive.Read(path) {
			last = err
		}
		if !errors.Is(last, archive.ErrMalformed) || !strings.Contains(last.Error(), path) {
			t.Errorf("%s: %v", name, last)
		}
	}
	for _, err := range archive.Read(filepath.Join(t.TempDir(), "none")) {
		if !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
}
