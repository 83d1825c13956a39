package backfill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const testIndex = ".migrations_working_state_demo"

var errKilled = errors.New("the process was killed")

// memory is a working state of one index. After killAfter calls it does nothing any more, as seen
// from a process that has been killed; 0: never.
type memory struct {
	documents map[string]string // nil: no index
	calls     int
	killAfter int
}

func newMemory(n int) *memory {
	m := &memory{documents: map[string]string{}}
	for i := range n {
		m.documents[fmt.Sprintf("index__%d__0", i)] = fmt.Sprintf(`{"n": %d}`, i)
	}
	return m
}

func (m *memory) call() error {
	if m.calls++; m.killAfter > 0 && m.calls > m.killAfter {
		return errKilled
	}
	if m.documents == nil {
		return ErrNoWorkingState
	}
	return nil
}

func (m *memory) Counts(context.Context, string, time.Time) (Counts, error) {
	return Counts{}, m.call()
}

func (m *memory) Size(context.Context, string) (int64, error) {
	return int64(len(m.documents)), m.call()
}

func (m *memory) Documents(context.Context, string) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for id, source := range m.documents {
			if err := m.call(); err != nil {
				yield(Document{}, err)
				return
			}
			if !yield(Document{ID: id, Source: json.RawMessage(source)}, nil) {
				return
			}
		}
	}
}

func (m *memory) Restore(_ context.Context, _ string, documents iter.Seq2[Document, error]) (int64, error) {
	if m.documents == nil {
		m.documents = map[string]string{}
	}
	var written int64
	for d, err := range documents {
		if err != nil {
			return written, err
		}
		if _, there := m.documents[d.ID]; !there {
			m.documents[d.ID] = string(d.Source)
			written++
		}
	}
	return written, nil
}

func (m *memory) Delete(context.Context, string) error {
	if err := m.call(); err != nil {
		return err
	}
	m.documents = nil
	return nil
}

// resting archives the index of a backfill that is at rest.
func resting(state WorkingState) archiver {
	return archiver{state, testIndex, func(context.Context) error { return nil }}
}

func read(t *testing.T, path string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for d, err := range ReadArchive(path) {
		if err != nil {
			t.Fatal(err)
		}
		all[d.ID] = string(d.Source)
	}
	return all
}

func TestArchiveAndRestore(t *testing.T) {
	for _, n := range []int{0, 1, 2, batchSize, batchSize + 1, 3*batchSize + 7} {
		state := newMemory(n)
		before := maps.Clone(state.documents)
		opts := ArchiveOptions{Dir: filepath.Join(t.TempDir(), "new"), File: "a.json"}
		a := resting(state)
		archive, err := a.archive(t.Context(), opts)
		if err != nil || archive.Documents != int64(n) || archive.Index != testIndex || state.documents != nil {
			t.Fatalf("%d: %+v, %v, %v", n, archive, err, state.documents)
		}
		if got := read(t, archive.Path); !maps.Equal(got, before) {
			t.Errorf("%d: %v", n, got)
		}
		var form []map[string]any
		text, err := os.ReadFile(archive.Path)
		if err := errors.Join(err, json.Unmarshal(text, &form)); err != nil || len(form) != (n+batchSize-1)/batchSize {
			t.Errorf("%d: %d batches, %v", n, len(form), err)
		}
		again, err := a.archive(t.Context(), opts)
		if err != nil || !again.Missing || again.Path != archive.Path || again.Documents != archive.Documents {
			t.Errorf("%d: again: %+v, %v", n, again, err)
		}
		for _, want := range []int64{int64(n), 0} {
			if written, err := state.Restore(t.Context(), testIndex, ReadArchive(archive.Path)); err != nil || written != want || !maps.Equal(state.documents, before) {
				t.Errorf("%d: restored %d, %v", n, written, err)
			}
		}
	}
}

func TestArchiveOfNothing(t *testing.T) {
	archive, err := resting(&memory{}).archive(t.Context(), ArchiveOptions{Dir: t.TempDir()})
	if err != nil || archive.Path != "" || archive.String() != "The working state index '"+testIndex+"' does not exist" {
		t.Errorf("%+v, %v", archive, err)
	}
}

// Killed at any point, there is the whole index or the whole archive, and the next try completes it.
func TestArchiveKilled(t *testing.T) {
	const n = 5
	kills := 0
	for killAfter := 1; ; killAfter++ {
		state := newMemory(n)
		want := maps.Clone(state.documents)
		state.killAfter = killAfter
		opts := ArchiveOptions{Dir: t.TempDir(), File: "a.json"}
		_, err := resting(state).archive(t.Context(), opts)
		if err == nil {
			break
		}
		kills++
		if !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		path := filepath.Join(opts.Dir, opts.File)
		if _, err := os.Stat(path); err == nil && !maps.Equal(read(t, path), want) {
			t.Errorf("killed after %d: the archive is not whole", killAfter)
		} else if err != nil && !maps.Equal(state.documents, want) {
			t.Errorf("killed after %d: neither index nor archive", killAfter)
		}
		state.killAfter = 0
		archive, err := resting(state).archive(t.Context(), opts)
		if err != nil || state.documents != nil || !maps.Equal(read(t, archive.Path), want) {
			t.Errorf("killed after %d, and again: %+v, %v", killAfter, archive, err)
		}
		if left, _ := filepath.Glob(filepath.Join(opts.Dir, "*.partial")); len(left) > 0 {
			t.Errorf("killed after %d: %v", killAfter, left)
		}
	}
	if kills != 2*n+3 { // after each of: size, every document, size, every document once more, size
		t.Errorf("only %d points to be killed at", kills)
	}
}

// A process that is killed for real can leave a part under its first name, which is in nobody's way.
func TestArchiveBesideAPart(t *testing.T) {
	opts := ArchiveOptions{Dir: t.TempDir(), File: "a.json"}
	if err := os.WriteFile(filepath.Join(opts.Dir, "a.json.123.partial"), []byte("["), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := resting(newMemory(3)).archive(t.Context(), opts); err != nil {
		t.Error(err)
	}
}

// growing has another document whenever it has been read.
type growing struct{ *memory }

func (g growing) Documents(ctx context.Context, index string) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		g.memory.Documents(ctx, index)(yield)
		g.documents["late"] = "{}"
	}
}

func TestArchiveKeepsTheIndex(t *testing.T) {
	write := func(t *testing.T, dir, text string) string {
		t.Helper()
		path := filepath.Join(dir, "a.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Run("where the file holds something else", func(t *testing.T) {
		dir := t.TempDir()
		path := write(t, dir, `[{"index__0__0": {"n": 7}}]`)
		state := newMemory(1)
		if _, err := resting(state).archive(t.Context(), ArchiveOptions{Dir: dir, File: "a.json"}); !errors.Is(err, ErrArchiveExists) || len(state.documents) != 1 {
			t.Errorf("%v, %v", err, state.documents)
		}
		if got := read(t, path); got["index__0__0"] != `{"n": 7}` {
			t.Errorf("the file was changed: %v", got)
		}
	})
	t.Run("where the file is none of ours", func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir, "precious")
		state := newMemory(1)
		if _, err := resting(state).archive(t.Context(), ArchiveOptions{Dir: dir, File: "a.json"}); !errors.Is(err, workflow.ErrInvalid) || len(state.documents) != 1 {
			t.Errorf("%v, %v", err, state.documents)
		}
	})
	t.Run("where it changes", func(t *testing.T) {
		state := newMemory(3)
		dir := t.TempDir()
		_, err := resting(growing{state}).archive(t.Context(), ArchiveOptions{Dir: dir})
		if !errors.Is(err, workflow.ErrConflict) || len(state.documents) != 4 {
			t.Errorf("%v, %v", err, state.documents)
		}
		if files, _ := os.ReadDir(dir); len(files) > 0 {
			t.Errorf("%v are left", files)
		}
	})
	t.Run("where the folder can't be made", func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir, "")
		state := newMemory(1)
		if _, err := resting(state).archive(t.Context(), ArchiveOptions{Dir: filepath.Join(dir, "a.json", "x"), File: "b"}); err == nil || len(state.documents) != 1 {
			t.Errorf("%v, %v", err, state.documents)
		}
	})
}

// Between the first look and the end of the file somebody may have started it again.
func TestArchiveKeepsTheIndexOfWhatRunsAgain(t *testing.T) {
	state := newMemory(3)
	dir := t.TempDir()
	a := archiver{state, testIndex, func(context.Context) error { return &RunningError{} }}
	if _, err := a.archive(t.Context(), ArchiveOptions{Dir: dir, File: "a.json"}); !errors.Is(err, ErrRunning) || len(state.documents) != 3 {
		t.Errorf("%v, %v", err, state.documents)
	}
	if got := read(t, filepath.Join(dir, "a.json")); len(got) != 3 {
		t.Errorf("%v", got)
	}
}

// So may somebody while the index is compared with the file.
func TestArchiveLooksForWhatRunsAfterItsComparison(t *testing.T) {
	state := &meanwhile{memory: newMemory(3)}
	running := false
	state.do = func() { state.do = func() { running = true } }
	a := archiver{state, testIndex, func(context.Context) error {
		if running {
			return &RunningError{}
		}
		return nil
	}}
	_, err := a.archive(t.Context(), ArchiveOptions{Dir: t.TempDir(), File: "a.json"})
	if !running || !errors.Is(err, ErrRunning) || len(state.documents) != 3 {
		t.Errorf("%v, %v", err, state.documents)
	}
}

// Deleted and made again under its name, an index is another one, whatever its size.
func TestArchiveKeepsAnIndexMadeSince(t *testing.T) {
	for _, test := range []struct {
		when string // it is made again
		size int
	}{{"after the write", 3}, {"after the write", 4}, {"after the comparison", 4}} {
		state := newMemory(3)
		remake := func() {
			state.documents = map[string]string{}
			for i := range test.size {
				state.documents[fmt.Sprint("new-", i)] = "{}"
			}
		}
		a := resting(state)
		if test.when == "after the write" {
			a.state = &sized{state, 2, remake}
		} else {
			a.atRest = func(context.Context) error { remake(); return nil }
		}
		dir := t.TempDir()
		_, err := a.archive(t.Context(), ArchiveOptions{Dir: dir, File: "a.json"})
		if !errors.Is(err, workflow.ErrConflict) || len(state.documents) != test.size {
			t.Errorf("%d documents %s: %v, %v", test.size, test.when, err, state.documents)
		}
		if got := read(t, filepath.Join(dir, "a.json")); len(got) != 3 || got["index__0__0"] == "" {
			t.Errorf("%d documents %s: %v", test.size, test.when, got)
		}
	}
}

// sized calls do after the documents were counted so many times.
type sized struct {
	WorkingState
	times int
	do    func()
}

func (s *sized) Size(ctx context.Context, index string) (int64, error) {
	size, err := s.WorkingState.Size(ctx, index)
	if s.times--; s.times == 0 {
		s.do()
	}
	return size, err
}

// meanwhile calls do after the first reading of the documents.
type meanwhile struct {
	*memory
	do func()
}

func (m *meanwhile) Documents(ctx context.Context, index string) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		m.memory.Documents(ctx, index)(yield)
		if do := m.do; do != nil {
			m.do = nil
			do()
		}
	}
}

// Two archivers of the same index into one file: the first to give the file its name is no obstacle
// for the second, whether or not the index is deleted by then.
func TestTwoArchivesIntoOneFile(t *testing.T) {
	for name, other := range map[string]func(*memory) *memory{
		"of the same index":  func(m *memory) *memory { return m },
		"of an equal index":  func(*memory) *memory { return newMemory(3) },
		"of other documents": func(*memory) *memory { return newMemory(4) },
	} {
		state := newMemory(3)
		opts := ArchiveOptions{Dir: t.TempDir(), File: "a.json"}
		both := &meanwhile{memory: state}
		both.do = func() {
			if archive, err := resting(other(state)).archive(t.Context(), opts); err != nil {
				t.Errorf("%s: the first: %+v, %v", name, archive, err)
			}
		}
		archive, err := resting(both).archive(t.Context(), opts)
		if name == "of other documents" {
			if !errors.Is(err, ErrArchiveExists) || len(state.documents) != 3 {
				t.Errorf("%s: %+v, %v", name, archive, err)
			}
			continue
		}
		if err != nil || archive.Documents != 3 || archive.Path == "" || state.documents != nil || len(read(t, archive.Path)) != 3 {
			t.Errorf("%s: the second: %+v, %v", name, archive, err)
		}
	}
}

// A part of the items must never look like all of them.
func TestRestoreWritesTheLayoutLast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`[{"shard_setup": {"completedAt": 1}, "a": {}}, {"b": {}}]`)
	state := &memory{}
	var order []string
	written, err := restore(t.Context(), ordered{state, &order}, testIndex, path)
	if err != nil || written != 3 || !slices.Equal(order, []string{"a", "b", "shard_setup"}) {
		t.Errorf("%d, %v, %v", written, order, err)
	}
	write(`[{"shard_setup": {"completedAt": 1}, "a": {}}, {"b": {}`)
	state = &memory{}
	if _, err := restore(t.Context(), state, testIndex, path); !errors.Is(err, workflow.ErrInvalid) || state.documents != nil {
		t.Errorf("an archive that breaks off: %v, %v", err, state.documents)
	}
}

// ordered keeps the order in which documents come.
type ordered struct {
	*memory
	order *[]string
}

func (o ordered) Restore(ctx context.Context, index string, documents iter.Seq2[Document, error]) (int64, error) {
	return o.memory.Restore(ctx, index, func(yield func(Document, error) bool) {
		for d, err := range documents {
			*o.order = append(*o.order, d.ID)
			if !yield(d, err) {
				return
			}
		}
	})
}

func TestArchivePath(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	const name = "working_state_backup_20260102020405.json"
	for _, tc := range []struct {
		env  string
		opts ArchiveOptions
		want string // "": refused
	}{
		{"", ArchiveOptions{}, "backfill_working_state/" + name},
		{"/logs", ArchiveOptions{}, "/logs/backfill_working_state/" + name},
		{"/logs", ArchiveOptions{Dir: "/d", File: "f"}, "/d/f"},
		{"", ArchiveOptions{File: "../f"}, ""},
		{"", ArchiveOptions{File: "a/f"}, ""},
		{"", ArchiveOptions{File: ".."}, ""},
	} {
		t.Setenv(envSharedLogs, tc.env)
		if got, problems := tc.opts.path(now); got != filepath.FromSlash(tc.want) || (len(problems) > 0) != (tc.want == "") {
			t.Errorf("%+v: %s, %v", tc.opts, got, problems)
		}
	}
}

func TestReadArchiveRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "an object": "{}", "cut off": `[{"a": {}`, "cut off between": `[{"a": {}}`, "a text": `["a"]`,
		"no document": `[{"a": }]`, "more": `[] []`, "no JSON": "hello",
	} {
		path := filepath.Join(t.TempDir(), "a.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range ReadArchive(path) {
			last = err
		}
		if !errors.Is(last, workflow.ErrInvalid) || !strings.Contains(last.Error(), path) {
			t.Errorf("%s: %v", name, last)
		}
	}
	for _, err := range ReadArchive(filepath.Join(t.TempDir(), "none")) {
		if !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
}

// endless has many documents without holding them.
type endless struct {
	memory
	n    int64
	look func(i int64)
}

func (e *endless) Size(context.Context, string) (int64, error) { return e.n, nil }

func (e *endless) Documents(context.Context, string) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for i := range e.n {
			e.look(i)
			if !yield(Document{ID: fmt.Sprint(i), Source: json.RawMessage(`{"expiration": 1700000000, "leaseHolderId": "worker"}`)}, nil) {
				return
			}
		}
	}
}

func TestArchiveTakesNoMemory(t *testing.T) {
	const n = 40_000
	path := filepath.Join(t.TempDir(), "a.json")
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse
	}
	before, most := heap(), uint64(0)
	state := &endless{n: n, look: func(i int64) {
		if i%10_000 == 9_999 {
			most = max(most, heap())
		}
	}}
	state.documents = map[string]string{}
	if archive, err := resting(state).archive(t.Context(), ArchiveOptions{Dir: filepath.Dir(path), File: "a.json"}); err != nil || archive.Documents != n {
		t.Fatalf("%+v, %v", archive, err)
	}
	documents := 0
	for _, err := range ReadArchive(path) {
		if err != nil {
			t.Fatal(err)
		}
		if documents++; documents%10_000 == 0 {
			most = max(most, heap())
		}
	}
	if documents != n || most > before+2<<20 {
		t.Errorf("%d documents, %d KB at most, %d before", documents, most>>10, before>>10)
	}
}
