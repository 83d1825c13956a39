package archive

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
)

// batchSize is the number of documents in a batch of an archive.
const batchSize = 1000

// partialFile is an archive that is being written, under a temporary name beside its final one. The
// format is that of the migration console: a JSON array of batches, each an object of documents by
// ID.
type partialFile struct {
	path   string // the final one
	file   *os.File
	buffer *bufio.Writer
}

// createPartial creates a file for the archive at path. Its name says what a process that was
// killed left behind; the next one has another name.
func createPartial(path string) (*partialFile, error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial")
	if err != nil {
		return nil, fmt.Errorf("write archive: %w", err)
	}
	return &partialFile{path: path, file: file, buffer: bufio.NewWriterSize(file, 1<<16)}, nil
}

func (f *partialFile) writeAll(documents iter.Seq2[Document, error]) (digest, error) {
	var written digest
	put := func(parts ...[]byte) {
		for _, part := range parts {
			_, _ = f.buffer.Write(part) // Flush returns the first error
		}
	}
	put([]byte("["))
	for d, err := range documents {
		if err != nil {
			return digest{}, err
		}
		switch {
		case written.documents == 0:
			put([]byte("\n{\n"))
		case written.documents%batchSize == 0:
			put([]byte("\n},\n{\n"))
		default:
			put([]byte(",\n"))
		}
		if err := written.add(d); err != nil {
			return digest{}, err
		}
		id, err := json.Marshal(d.ID)
		if err != nil {
			return digest{}, err
		}
		put(id, []byte(": "), d.Source)
	}
	if written.documents > 0 {
		put([]byte("\n}"))
	}
	put([]byte("\n]\n"))
	return written, f.buffer.Flush()
}

// commit gives the file its final name once its content is on the disk, and syncs the name too. It
// returns [ErrExists] if another file has the name.
func (f *partialFile) commit() error {
	err := errors.Join(f.file.Sync(), f.file.Close())
	if err == nil {
		err = publish(f.file.Name(), f.path)
	}
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%w: %s", ErrExists, f.path)
	}
	if err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return syncWithFolder(f.path)
}

// discard removes the file under its temporary name, if it is there.
func (f *partialFile) discard() {
	_ = f.file.Close() // commit has closed it already
	_ = os.Remove(f.file.Name())
}
