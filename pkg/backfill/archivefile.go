package backfill

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
)

// batchSize is how many documents a batch of an archive holds.
const batchSize = 1000

// contents says what is in an archive, whatever the order: how many documents, and the sum of their
// hashes.
type contents struct {
	documents int64
	sum       [4]uint64
}

func (c *contents) add(d Document) error {
	var source bytes.Buffer
	if err := json.Compact(&source, d.Source); err != nil {
		return fmt.Errorf("document %q: %w", d.ID, err)
	}
	c.documents++
	hash := sha256.Sum256(fmt.Appendf(nil, "%d %s %s", len(d.ID), d.ID, source.Bytes()))
	for i := range c.sum {
		c.sum[i] += binary.BigEndian.Uint64(hash[8*i:])
	}
	return nil
}

// archiveFile is written beside the name that it is to have. Its form is that of the migration
// console: a JSON array of batches, each an object of documents by their ids.
type archiveFile struct {
	path   string
	file   *os.File
	buffer *bufio.Writer
}

func newArchiveFile(path string) (*archiveFile, error) {
	// The name says what is left of an archive that was cut off; the next one has another.
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial")
	if err != nil {
		return nil, fmt.Errorf("write archive: %w", err)
	}
	return &archiveFile{path: path, file: file, buffer: bufio.NewWriterSize(file, 1<<16)}, nil
}

func (f *archiveFile) writeAll(documents iter.Seq2[Document, error]) (contents, error) {
	var written contents
	put := func(parts ...[]byte) {
		for _, part := range parts {
			_, _ = f.buffer.Write(part) // its error stays until the flush
		}
	}
	put([]byte("["))
	for d, err := range documents {
		if err != nil {
			return contents{}, err
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
			return contents{}, err
		}
		id, err := json.Marshal(d.ID)
		if err != nil {
			return contents{}, err
		}
		put(id, []byte(": "), d.Source)
	}
	if written.documents > 0 {
		put([]byte("\n}"))
	}
	put([]byte("\n]\n"))
	return written, f.buffer.Flush()
}

// commit gives the file its name, after all of it is on the disk, and has the name on the disk too.
func (f *archiveFile) commit() error {
	err := errors.Join(f.file.Sync(), f.file.Close())
	if err == nil {
		err = publish(f.file.Name(), f.path)
	}
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%w: %s", ErrArchiveExists, f.path)
	}
	if err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return settle(f.path)
}

// discard removes what is left of the file under its first name.
func (f *archiveFile) discard() {
	_ = f.file.Close() // again, as a rule
	_ = os.Remove(f.file.Name())
}
