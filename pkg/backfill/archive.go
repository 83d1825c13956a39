package backfill

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/archive"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// envSharedLogs names the folder that holds archives by default, as for the migration console.
const envSharedLogs = "SHARED_LOGS_DIR_PATH"

// ArchiveOptions say where the archive is written.
type ArchiveOptions struct {
	// Dir is created if it does not exist. It defaults to
	// $SHARED_LOGS_DIR_PATH/backfill_working_state, or without that variable to
	// ./backfill_working_state.
	Dir string
	// File is a name without a folder. It defaults to working_state_backup_<YYYYmmddHHMMSS>.json,
	// the present time in UTC. With a name of your own, a call that was interrupted is continued by
	// the next one.
	File string
}

// Archive is the result of archiving a working state.
//
// The index is deleted only after the file is complete and durable: it is written under a temporary
// name and synced to the disk, its number of documents is compared with that of the index before
// and after, and it is renamed. At any moment, however the process ends, the whole index or the
// whole file exists. Archiving can be repeated: a file that exists is compared with the index, and
// kept if it holds the same documents, even if another process writes it at the same time. Right
// before the deletion the index is read again; if it holds other documents than the file by then,
// it stays ([workflow.ErrConflict]). Memory does not grow with the number of documents.
//
// The backfill must not be started in the meantime. Archive checks that nothing runs at the
// beginning, and again after that comparison. It cannot rule out a start between the second check
// and the deletion, in which it only counts the documents once more.
type Archive struct {
	Index string `json:"index"`
	// Path is the file. It is empty if nothing was written, since neither the index nor the file
	// exists.
	Path string `json:"path,omitempty"`
	// Documents is the number of documents in the file.
	Documents int64 `json:"documents"`
	// Missing means that the index did not exist. It does not exist after an archive either, so
	// this is not an error.
	Missing bool `json:"missing,omitempty"`
}

// String describes the result in a sentence.
func (a Archive) String() string {
	switch {
	case a.Missing && a.Path == "":
		return fmt.Sprintf("The working state index '%s' does not exist", a.Index)
	case a.Missing:
		return fmt.Sprintf("The working state index '%s' was archived before: %d documents in %s", a.Index, a.Documents, a.Path)
	}
	return fmt.Sprintf("The working state index '%s' was archived: %d documents in %s", a.Index, a.Documents, a.Path)
}

// path returns the file's path, or what is wrong with the options.
func (o ArchiveOptions) path(now time.Time) (string, field.ErrorList) {
	dir := o.Dir
	if dir == "" {
		dir = filepath.Join(os.Getenv(envSharedLogs), "backfill_working_state")
	}
	name := o.File
	if name == "" {
		name = "working_state_backup_" + now.UTC().Format("20060102150405") + ".json"
	}
	if filepath.Base(name) != name || name == "." || name == ".." {
		return "", field.ErrorList{field.Invalid(field.NewPath("file"), name, "must be a file name; set its folder in dir")}
	}
	return filepath.Join(dir, name), nil
}

// ReadArchive yields the documents of an archive, one at a time, however large it is. An error is
// the last element: that of the file, which [os.ErrNotExist] matches if there is none, or
// [workflow.ErrInvalid] if it is not an archive or is truncated.
func ReadArchive(path string) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for d, err := range archive.Read(path) {
			if !yield(Document(d), fromArchive(err)) {
				return
			}
		}
	}
}

// keeper archives and restores the working state of a backfill.
type keeper struct {
	state WorkingState
	index string
	// checkIdle returns an error unless it is certain that nothing uses the index.
	checkIdle func(context.Context) error
	// wrap names the backfill in an error.
	wrap func(error) error
}

func (k *keeper) Archive(ctx context.Context, opts ArchiveOptions) (Archive, error) {
	if err := k.check(ctx); err != nil {
		return Archive{}, err
	}
	path, problems := opts.path(time.Now())
	if len(problems) > 0 {
		return Archive{}, k.wrap(&workflow.InvalidError{Problems: problems})
	}
	result, err := archive.Move(ctx, sessionIndex{k.state, k.index}, path, k.checkIdle)
	if err != nil {
		return Archive{}, k.wrap(fmt.Errorf("archive index '%s': %w", k.index, fromArchive(err)))
	}
	if !result.Written {
		path = ""
	}
	return Archive{Index: k.index, Path: path, Documents: result.Documents, Missing: result.Missing}, nil
}

func (k *keeper) Restore(ctx context.Context, path string) (int64, error) {
	if err := k.check(ctx); err != nil {
		return 0, err
	}
	written, err := archive.Restore(ctx, sessionIndex{k.state, k.index}, path)
	return written, k.wrap(fromArchive(err))
}

func (k *keeper) check(ctx context.Context) error {
	if k.state == nil {
		return k.wrap(errNoWorkingState)
	}
	return k.checkIdle(ctx)
}
