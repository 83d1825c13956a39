package archive_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/archive"
)

func TestMoveAndRestore(t *testing.T) {
	const batch = 1000 // documents in a batch of the file
	for _, n := range []int{0, 1, 2, batch, batch + 1, 3*batch + 7} {
		index := newMemory(n)
		before := maps.Clone(index.documents)
		path := filepath.Join(t.TempDir(), "new", "a.json")
		result, err := move(t, index, path)
		if want := (archive.Result{Documents: int64(n), Written: true}); err != nil || result != want || index.documents != nil {
			t.Fatalf("%d: %+v, %v, %v", n, result, err, index.documents)
		}
		if got := readDocuments(t, path); !maps.Equal(got, before) {
			t.Errorf("%d: %v", n, got)
		}
		var batches []map[string]any
		data, err := os.ReadFile(path)
		if err := errors.Join(err, json.Unmarshal(data, &batches)); err != nil || len(batches) != (n+batch-1)/batch {
			t.Errorf("%d: %d batches, %v", n, len(batches), err)
		}
		again, err := move(t, index, path)
		if want := (archive.Result{Documents: int64(n), Written: true, Missing: true}); err != nil || again != want {
			t.Errorf("%d: again: %+v, %v", n, again, err)
		}
		for _, want := range []int64{int64(n), 0} {
			written, err := archive.Restore(t.Context(), index, path)
			if err != nil || written != want || !maps.Equal(index.documents, before) {
				t.Errorf("%d: restored %d, %v", n, written, err)
			}
		}
	}
}

func TestMoveOfAMissingIndex(t *testing.T) {
	result, err := move(t, &memory{}, filepath.Join(t.TempDir(), "a.json"))
	if want := (archive.Result{Missing: true}); err != nil || result != want {
		t.Errorf("%+v, %v", result, err)
	}
}

// Whenever the process is killed, either the whole index or the whole file exists, and the next
// call completes the archive.
func TestMoveThatIsKilled(t *testing.T) {
	const n = 5
	kills := 0
	for killAfter := 1; ; killAfter++ {
		index := newMemory(n)
		want := maps.Clone(index.documents)
		index.killAfter = killAfter
		dir := t.TempDir()
		path := filepath.Join(dir, "a.json")
		_, err := move(t, index, path)
		if err == nil {
			break
		}
		kills++
		if !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err == nil && !maps.Equal(readDocuments(t, path), want) {
			t.Errorf("killed after %d requests: the file is not complete", killAfter)
		} else if err != nil && !maps.Equal(index.documents, want) {
			t.Errorf("killed after %d requests: neither index nor file", killAfter)
		}
		index.killAfter = 0
		_, err = move(t, index, path)
		if err != nil || index.documents != nil || !maps.Equal(readDocuments(t, path), want) {
			t.Errorf("killed after %d requests, and called again: %v", killAfter, err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*.partial")); len(left) > 0 {
			t.Errorf("killed after %d requests: %v", killAfter, left)
		}
	}
	if kills != 2*n+3 { // two requests for each document, and three for the size
		t.Errorf("killed at %d points only", kills)
	}
}

// A killed process can leave a partial file behind.
func TestMoveBesideAPartialFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.json.123.partial"), []byte("["), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := move(t, newMemory(3), filepath.Join(dir, "a.json")); err != nil {
		t.Error(err)
	}
}

func TestMoveKeepsTheIndex(t *testing.T) {
	write := func(t *testing.T, data string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "a.json")
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Run("if the file holds other documents", func(t *testing.T) {
		path := write(t, `[{"index__0__0": {"n": 7}}]`)
		index := newMemory(1)
		if _, err := move(t, index, path); !errors.Is(err, archive.ErrExists) || len(index.documents) != 1 {
			t.Errorf("%v, %v", err, index.documents)
		}
		if got := readDocuments(t, path); got["index__0__0"] != `{"n": 7}` {
			t.Errorf("the file was changed: %v", got)
		}
	})
	t.Run("if the file is not an archive", func(t *testing.T) {
		path := write(t, "precious")
		index := newMemory(1)
		if _, err := move(t, index, path); !errors.Is(err, archive.ErrMalformed) || len(index.documents) != 1 {
			t.Errorf("%v, %v", err, index.documents)
		}
	})
	t.Run("if it changes", func(t *testing.T) {
		index := newMemory(3)
		dir := t.TempDir()
		_, err := move(t, growing{index}, filepath.Join(dir, "a.json"))
		if !errors.Is(err, archive.ErrChanged) || len(index.documents) != 4 {
			t.Errorf("%v, %v", err, index.documents)
		}
		if files, _ := os.ReadDir(dir); len(files) > 0 {
			t.Errorf("%v are left", files)
		}
	})
	t.Run("if the folder cannot be created", func(t *testing.T) {
		index := newMemory(1)
		if _, err := move(t, index, filepath.Join(write(t, ""), "x", "b")); err == nil || len(index.documents) != 1 {
			t.Errorf("%v, %v", err, index.documents)
		}
	})
}

// A worker may have been started while the file was written.
func TestMoveKeepsAnIndexInUse(t *testing.T) {
	index := newMemory(3)
	path := filepath.Join(t.TempDir(), "a.json")
	inUse := func(context.Context) error { return errInUse }
	if _, err := archive.Move(t.Context(), index, path, inUse); !errors.Is(err, errInUse) || len(index.documents) != 3 {
		t.Errorf("%v, %v", err, index.documents)
	}
	if got := readDocuments(t, path); len(got) != 3 {
		t.Errorf("%v", got)
	}
}

// A worker may also have been started while the index was compared with the file.
func TestMoveAsksForUseAfterItsComparison(t *testing.T) {
	index := &afterReading{memory: newMemory(3)}
	running := false
	index.do = func() { index.do = func() { running = true } }
	_, err := archive.Move(t.Context(), index, filepath.Join(t.TempDir(), "a.json"), func(context.Context) error {
		if running {
			return errInUse
		}
		return nil
	})
	if !running || !errors.Is(err, errInUse) || len(index.documents) != 3 {
		t.Errorf("%v, %v", err, index.documents)
	}
}

// An index that was deleted and recreated under the same name is a different one, whatever its
// size.
func TestMoveKeepsAnIndexThatWasCreatedAgain(t *testing.T) {
	for _, test := range []struct {
		when string
		size int
	}{{"after the write", 3}, {"after the write", 4}, {"after the comparison", 4}} {
		memory := newMemory(3)
		createAgain := func() {
			memory.documents = map[string]string{}
			for i := range test.size {
				memory.documents[fmt.Sprint("new-", i)] = "{}"
			}
		}
		var index archive.Index = memory
		inUse := idle
		if test.when == "after the write" {
			index = &afterSize{memory, 2, createAgain}
		} else {
			inUse = func(context.Context) error { createAgain(); return nil }
		}
		path := filepath.Join(t.TempDir(), "a.json")
		_, err := archive.Move(t.Context(), index, path, inUse)
		if !errors.Is(err, archive.ErrChanged) || len(memory.documents) != test.size {
			t.Errorf("%d documents %s: %v, %v", test.size, test.when, err, memory.documents)
		}
		if got := readDocuments(t, path); len(got) != 3 || got["index__0__0"] == "" {
			t.Errorf("%d documents %s: %v", test.size, test.when, got)
		}
	}
}

// If two processes move one index to one file, the first to create the file does not block the
// second, whether or not the index has been deleted by then.
func TestTwoMovesToOneFile(t *testing.T) {
	for name, other := range map[string]func(*memory) *memory{
		"of the same index":  func(m *memory) *memory { return m },
		"of an equal index":  func(*memory) *memory { return newMemory(3) },
		"of other documents": func(*memory) *memory { return newMemory(4) },
	} {
		index := newMemory(3)
		path := filepath.Join(t.TempDir(), "a.json")
		second := &afterReading{memory: index}
		second.do = func() {
			if result, err := move(t, other(index), path); err != nil {
				t.Errorf("%s: the first: %+v, %v", name, result, err)
			}
		}
		result, err := move(t, second, path)
		if name == "of other documents" {
			if !errors.Is(err, archive.ErrExists) || len(index.documents) != 3 {
				t.Errorf("%s: %+v, %v", name, result, err)
			}
			continue
		}
		if err != nil || result.Documents != 3 || !result.Written || index.documents != nil || len(readDocuments(t, path)) != 3 {
			t.Errorf("%s: the second: %+v, %v", name, result, err)
		}
	}
}

func TestMemoryDoesNotGrowWithTheDocuments(t *testing.T) {
	const n = 40_000
	path := filepath.Join(t.TempDir(), "a.json")
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse
	}
	before, most := heap(), uint64(0)
	index := &generated{memory: newMemory(0), n: n, observe: func(i int64) {
		if i%10_000 == 9_999 {
			most = max(most, heap())
		}
	}}
	if result, err := move(t, index, path); err != nil || result.Documents != n {
		t.Fatalf("%+v, %v", result, err)
	}
	documents := 0
	for _, err := range archive.Read(path) {
		if err != nil {
			t.Fatal(err)
		}
		if documents++; documents%10_000 == 0 {
			most = max(most, heap())
		}
	}
	if documents != n || most > before+2<<20 {
		t.Errorf("%d documents, at most %d KB, %d KB before", documents, most>>10, before>>10)
	}
}
