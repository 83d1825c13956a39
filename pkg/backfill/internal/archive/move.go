package archive

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// Result says what [Move] did.
type Result struct {
	// Documents is the number of documents in the file.
	Documents int64
	// Missing means that the index did not exist.
	Missing bool
	// Written means that the file exists.
	Written bool
}

// Move writes the documents of index to a file at path, in a folder that it creates if necessary,
// and then deletes the index. A file that exists is kept if it holds the same documents, and is an
// [ErrExists] otherwise. idle must return an error while something uses the index; Move calls it
// right before the deletion. If the index does not exist, Move only counts the documents of the
// file.
//
// Documents that change in the meantime are an [ErrChanged], and the index stays. Other errors are
// those of index, of idle, and of the file system.
func Move(ctx context.Context, index Index, path string, idle func(context.Context) error) (Result, error) {
	present, err := digestOfFile(ctx, path)
	if err != nil {
		return Result{}, err
	}
	size, err := index.Size(ctx)
	if errors.Is(err, ErrNoIndex) {
		return missing(present), nil
	}
	if err != nil {
		return Result{}, err
	}
	written, err := write(ctx, index, path, size, present)
	if errors.Is(err, ErrNoIndex) { // another process archived it in the meantime
		if present, err = digestOfFile(ctx, path); err == nil && present != nil {
			return missing(present), nil
		}
		return Result{}, errors.Join(ErrNoIndex, err)
	}
	if err != nil {
		return Result{}, err
	}
	if err := deleteUnchanged(ctx, index, written, idle); err != nil {
		return Result{}, fmt.Errorf("the archive %s is complete, but the index was not deleted: %w", path, err)
	}
	return Result{Documents: written.documents, Written: true}, nil
}

func missing(file *digest) Result {
	if file == nil {
		return Result{Missing: true}
	}
	return Result{Documents: file.documents, Missing: true, Written: true}
}

// write writes the index to a file at path. present is the digest of the existing file, or nil if
// there is none.
func write(ctx context.Context, index Index, path string, size int64, present *digest) (digest, error) {
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return digest{}, fmt.Errorf("create the archive's folder: %w", err)
	}
	file, err := createPartial(path)
	if err != nil {
		return digest{}, err
	}
	defer file.discard()
	written, err := file.writeAll(index.Documents(ctx))
	if err != nil {
		return digest{}, err
	}
	after, err := index.Size(ctx)
	if err != nil {
		return digest{}, err
	}
	if written.documents != size || size != after {
		return digest{}, fmt.Errorf("%w: it had %d documents before, %d while it was read and %d after; a worker may still be running",
			ErrChanged, size, written.documents, after)
	}
	if present == nil {
		err := file.commit()
		if !errors.Is(err, ErrExists) {
			return written, err
		}
		// Another process created the file in the meantime, perhaps with the same content.
		if present, err = digestOfFile(ctx, path); err != nil {
			return digest{}, err
		}
	}
	if present == nil || *present != written {
		return digest{}, fmt.Errorf("%w: %s does not hold the %d documents of the index", ErrExists, path, written.documents)
	}
	return written, syncWithFolder(path) // the process that wrote it may have ended before that
}

// deleteUnchanged deletes an index that still holds the written documents, unless it is in use. The
// index can have been deleted and created again under its name. Reading a large index takes time in
// which another client can start the backfill, so idle is called after that.
func deleteUnchanged(ctx context.Context, index Index, written digest, idle func(context.Context) error) error {
	err := compare(ctx, index, written)
	if err == nil {
		err = idle(ctx)
	}
	var size int64
	if err == nil {
		size, err = index.Size(ctx)
	}
	if err == nil && size != written.documents {
		err = changedSince(written, size)
	}
	if err == nil {
		err = index.Delete(ctx)
	}
	if errors.Is(err, ErrNoIndex) {
		return nil
	}
	return err
}

// compare reads the index again and compares it with what was written.
func compare(ctx context.Context, index Index, written digest) error {
	var now digest
	for d, err := range index.Documents(ctx) {
		if err == nil {
			err = now.add(d)
		}
		if err != nil {
			return err
		}
	}
	if now != written {
		return changedSince(written, now.documents)
	}
	return nil
}

func changedSince(written digest, documents int64) error {
	return fmt.Errorf("%w: it holds other documents now (%d, and %d in the archive)", ErrChanged, documents, written.documents)
}
