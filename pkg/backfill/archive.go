package backfill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// envSharedLogs names the folder under which archives go by default, as the migration console's do.
const envSharedLogs = "SHARED_LOGS_DIR_PATH"

// ErrArchiveExists: there is a file of the archive's name, and it holds something else than the
// index does. Nothing is overwritten: name another file.
var ErrArchiveExists = errors.New("the archive exists, with other content")

// ArchiveOptions say where an archive goes.
type ArchiveOptions struct {
	// Dir is made if it isn't there. "": $SHARED_LOGS_DIR_PATH/backfill_working_state, or without
	// that variable ./backfill_working_state.
	Dir string
	// File is a name without a folder. "": working_state_backup_<YYYYmmddHHMMSS>.json, of now in UTC.
	// With a name of your own, an archive that was cut off is finished rather than made anew.
	File string
}

// Archive is what became of a working state.
//
// The index is deleted only once the file is complete and durable: it is written beside its final
// name, synchronised to the disk, its number of documents compared with the index's before and
// after, and given its name. So at any moment, however the process ends, there is the whole index or
// the whole file, or both. Archiving again is safe: the file that is there is compared with the
// index, and kept if it holds the same, also if another archiver makes it at the same time. Right
// before the deletion the index is read again: one that holds other documents than the file by then is
// left alone ([workflow.ErrConflict]). Memory doesn't grow with the number of documents.
//
// Nothing may start the backfill meanwhile. Whether anything runs is looked at before, and again after
// that comparison; the moment between that look and the deletion, in which the documents are only
// counted once more, can't be closed.
type Archive struct {
	Index string `json:"index"`
	// Path is the file; "": nothing was written, since there was no index any more and no such
	// file.
	Path string `json:"path,omitempty"`
	// Documents is how many there are in the file.
	Documents int64 `json:"documents"`
	// Missing: the index was not there. That is what an archive leaves behind, so it is no error.
	Missing bool `json:"missing,omitempty"`
}

// String says it in a sentence.
func (a Archive) String() string {
	switch {
	case a.Missing && a.Path == "":
		return fmt.Sprintf("The working state index '%s' does not exist", a.Index)
	case a.Missing:
		return fmt.Sprintf("The working state index '%s' was archived before: %d documents in %s", a.Index, a.Documents, a.Path)
	}
	return fmt.Sprintf("The working state index '%s' was archived: %d documents in %s", a.Index, a.Documents, a.Path)
}

// path is the file's name; problems are what is wrong with the options.
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
		return "", field.ErrorList{field.Invalid(field.NewPath("file"), name, "must be a file's name; its folder is dir")}
	}
	return filepath.Join(dir, name), nil
}

// archiver archives one index.
type archiver struct {
	state WorkingState
	index string
	// atRest is nil if nothing works with the index, for sure.
	atRest func(context.Context) error
}

func (a archiver) archive(ctx context.Context, opts ArchiveOptions) (Archive, error) {
	path, problems := opts.path(time.Now())
	if len(problems) > 0 {
		return Archive{}, &workflow.InvalidError{Problems: problems}
	}
	result := Archive{Index: a.index}
	there, err := existing(ctx, path)
	if err != nil {
		return Archive{}, err
	}
	size, err := a.state.Size(ctx, a.index)
	if errors.Is(err, ErrNoWorkingState) {
		return a.missing(path, there), nil
	}
	if err != nil {
		return Archive{}, err
	}
	written, err := a.write(ctx, path, size, there)
	if errors.Is(err, ErrNoWorkingState) { // another archiver was quicker
		if there, err = existing(ctx, path); err == nil && there != nil {
			return a.missing(path, there), nil
		}
		return Archive{}, errors.Join(fmt.Errorf("archive index '%s': %w", a.index, ErrNoWorkingState), err)
	}
	if err != nil {
		return Archive{}, err
	}
	result.Path, result.Documents = path, written.documents
	if err := a.delete(ctx, written); err != nil {
		return Archive{}, fmt.Errorf("the archive %s is complete, the index '%s' was not deleted: %w", path, a.index, err)
	}
	return result, nil
}

// delete deletes an index that still holds what was written, unless something works with it. To read
// a large index takes time in which another client may start the backfill, so what runs is looked for
// after that.
func (a archiver) delete(ctx context.Context, written contents) error {
	err := a.same(ctx, written)
	if err == nil {
		err = a.atRest(ctx)
	}
	var size int64
	if err == nil {
		size, err = a.state.Size(ctx, a.index)
	}
	if err == nil && size != written.documents {
		err = changed(size, written)
	}
	if err == nil {
		err = a.state.Delete(ctx, a.index)
	}
	if errors.Is(err, ErrNoWorkingState) {
		return nil
	}
	return err
}

// missing is what becomes of an index that is not there.
func (a archiver) missing(path string, there *contents) Archive {
	result := Archive{Index: a.index, Missing: true}
	if there != nil {
		result.Path, result.Documents = path, there.documents
	}
	return result
}

// same reads the index once more and compares it with what was written: an index can be deleted and
// made again under its name while a slow archiver writes.
func (a archiver) same(ctx context.Context, written contents) error {
	var now contents
	for d, err := range a.state.Documents(ctx, a.index) {
		if err == nil {
			err = now.add(d)
		}
		if err != nil {
			return err
		}
	}
	if now != written {
		return changed(now.documents, written)
	}
	return nil
}

func changed(documents int64, written contents) error {
	return fmt.Errorf("%w: it holds other documents by now (%d, and %d in the archive)", workflow.ErrConflict, documents, written.documents)
}

// write writes the index to a file that is complete when it has its name. A file that is there has
// to hold the same.
func (a archiver) write(ctx context.Context, path string, size int64, there *contents) (contents, error) {
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return contents{}, fmt.Errorf("make the archive's folder: %w", err)
	}
	file, err := newArchiveFile(path)
	if err != nil {
		return contents{}, err
	}
	defer file.discard()
	written, err := file.writeAll(a.state.Documents(ctx, a.index))
	if err != nil {
		return contents{}, fmt.Errorf("archive index '%s': %w", a.index, err)
	}
	after, err := a.state.Size(ctx, a.index)
	if err != nil {
		return contents{}, fmt.Errorf("archive index '%s': %w", a.index, err)
	}
	if written.documents != size || size != after {
		return contents{}, fmt.Errorf("archive index '%s': %w: %d documents before, %d read, %d after; does a worker still run?",
			a.index, workflow.ErrConflict, size, written.documents, after)
	}
	if there == nil {
		err := file.commit()
		if !errors.Is(err, ErrArchiveExists) {
			return written, err
		}
		// Another archiver has made the file meanwhile, perhaps with the same content.
		if there, err = existing(ctx, path); err != nil {
			return contents{}, err
		}
	}
	if there == nil || *there != written {
		return contents{}, fmt.Errorf("%w: %s does not hold the %d documents of index '%s'", ErrArchiveExists, path, written.documents, a.index)
	}
	return written, settle(path) // it may have been cut off before it was on the disk
}
