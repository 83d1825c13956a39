package backfill

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/fakekube"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// oneDocument is a working state with one document, or none after Delete. Its size is set
// separately, so that it can seem to change.
type oneDocument struct {
	WorkingState
	index   string
	size    int64
	deleted bool
}

func (o *oneDocument) Counts(context.Context, string, time.Time) (Counts, error) {
	return Counts{}, ErrNoWorkingState
}

func (o *oneDocument) Size(_ context.Context, index string) (int64, error) {
	o.index = index
	if o.deleted {
		return 0, ErrNoWorkingState
	}
	return o.size, nil
}

func (o *oneDocument) Documents(context.Context, string) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		yield(Document{ID: "a", Source: json.RawMessage(`{"n": 1}`)}, nil)
	}
}

func (o *oneDocument) Delete(context.Context, string) error {
	o.deleted = true
	return nil
}

func (o *oneDocument) Restore(_ context.Context, _ string, docs iter.Seq2[Document, error]) (written int64, err error) {
	for d, err := range docs {
		if err != nil || d.ID != "a" || string(d.Source) != `{"n": 1}` {
			return written, errors.Join(err, errors.New("another document"))
		}
		written++
	}
	return written, nil
}

// stoppedBackfill returns a backfill of a stopped Deployment.
func stoppedBackfill(t *testing.T, state WorkingState) Backfill {
	t.Helper()
	cfg := config(t, "backfill", "{reindex_from_snapshot: {session_name: demo, k8s: {namespace: ma, deployment_name: d}}}")
	b, err := New(cfg, Dependencies{WorkingState: state, Kubernetes: fakekube.New(t, `
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, uid: d}, spec: {replicas: 0, selector: {matchLabels: {app: d}}}}
`).Client(nil)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestArchiveAndRestore(t *testing.T) {
	const index = ".migrations_working_state_demo"
	state := &oneDocument{size: 1}
	b := stoppedBackfill(t, state)
	opts := ArchiveOptions{Dir: t.TempDir(), File: "a.json"}
	path := filepath.Join(opts.Dir, opts.File)
	archive, err := b.Archive(t.Context(), opts)
	if want := (Archive{Index: index, Path: path, Documents: 1}); err != nil || archive != want || !state.deleted || state.index != index {
		t.Fatalf("%+v, %v", archive, err)
	}
	for d, err := range ReadArchive(path) {
		if err != nil || d.ID != "a" || string(d.Source) != `{"n": 1}` {
			t.Errorf("%+v, %v", d, err)
		}
	}
	again, err := b.Archive(t.Context(), opts)
	if want := (Archive{Index: index, Path: path, Documents: 1, Missing: true}); err != nil || again != want {
		t.Errorf("again: %+v, %v", again, err)
	}
	none, err := b.Archive(t.Context(), ArchiveOptions{Dir: opts.Dir, File: "b.json"})
	if err != nil || none.Path != "" || none.String() != "The working state index '"+index+"' does not exist" {
		t.Errorf("without index and file: %+v, %v", none, err)
	}
	if written, err := b.Restore(t.Context(), path); err != nil || written != 1 {
		t.Errorf("%d, %v", written, err)
	}
}

func TestErrorsOfArchive(t *testing.T) {
	dir := t.TempDir()
	write := func(name, data string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	malformed, other := write("malformed.json", "precious"), write("other.json", `[{"b": {}}]`)
	for name, tc := range map[string]struct {
		file string
		size int64
		want error
	}{
		"changed documents":   {"new.json", 2, workflow.ErrConflict},
		"not an archive":      {filepath.Base(malformed), 1, workflow.ErrInvalid},
		"other documents":     {filepath.Base(other), 1, ErrArchiveExists},
		"a file name in dots": {"../a.json", 1, workflow.ErrInvalid},
	} {
		state := &oneDocument{size: tc.size}
		_, err := stoppedBackfill(t, state).Archive(t.Context(), ArchiveOptions{Dir: dir, File: tc.file})
		if !errors.Is(err, tc.want) || state.deleted {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := stoppedBackfill(t, &oneDocument{}).Restore(t.Context(), malformed); !errors.Is(err, workflow.ErrInvalid) {
		t.Errorf("restore: %v", err)
	}
	for _, err := range ReadArchive(malformed) {
		if !errors.Is(err, workflow.ErrInvalid) {
			t.Errorf("read: %v", err)
		}
	}
	if _, err := stoppedBackfill(t, nil).Archive(t.Context(), ArchiveOptions{}); !errors.Is(err, workflow.ErrUnsupported) {
		t.Errorf("without a working state: %v", err)
	}
}

func TestArchivePath(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	const name = "working_state_backup_20260102020405.json"
	for _, tc := range []struct {
		env  string
		opts ArchiveOptions
		want string // "" if it is refused
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
