package backfill

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
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
	if err := errors.Join(f.file.Sync(), f.file.Close()); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	// A link, unlike a rename, doesn't replace a file that somebody has put there meanwhile.
	if err := os.Link(f.file.Name(), f.path); err != nil {
		if errors.Is(err, os.ErrExist) {
			return fmt.Errorf("%w: %s", ErrArchiveExists, f.path)
		}
		return fmt.Errorf("write archive: %w", err)
	}
	dir, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return nil
}

// discard removes what is left of the file under its first name.
func (f *archiveFile) discard() {
	_ = f.file.Close() // again, as a rule
	_ = os.Remove(f.file.Name())
}

// existing reads what an archive holds; nil: there is no such file.
func existing(ctx context.Context, path string) (*contents, error) {
	var there contents
	for d, err := range ReadArchive(path) {
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err == nil {
			err = there.add(d)
		}
		if err != nil {
			return nil, err
		}
	}
	return &there, nil
}

// ReadArchive yields the documents of an archive, one after the other, however large it is. An error
// is the last element: the file's, which [os.ErrNotExist] matches where there is none, or
// [workflow.ErrInvalid] for one that isn't an archive or breaks off.
func ReadArchive(path string) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		file, err := os.Open(path)
		if err != nil {
			yield(Document{}, fmt.Errorf("read archive: %w", err))
			return
		}
		defer func() { _ = file.Close() }()
		err = readBatches(json.NewDecoder(bufio.NewReaderSize(file, 1<<16)), yield)
		if err != nil && !errors.Is(err, errEnough) {
			yield(Document{}, fmt.Errorf("%w: archive %s: %w", workflow.ErrInvalid, path, err))
		}
	}
}

// errEnough: the consumer wants no more.
var errEnough = errors.New("enough")

func readBatches(d *json.Decoder, yield func(Document, error) bool) error {
	if err := expect(d, '['); err != nil {
		return err
	}
	for d.More() {
		if err := expect(d, '{'); err != nil {
			return err
		}
		for d.More() {
			id, err := d.Token()
			if err != nil {
				return err
			}
			var source json.RawMessage
			if err := d.Decode(&source); err != nil {
				return err
			}
			if !yield(Document{ID: id.(string), Source: source}, nil) { // keys are texts
				return errEnough
			}
		}
		if err := expect(d, '}'); err != nil {
			return err
		}
	}
	if err := expect(d, ']'); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows its end")
	}
	return nil
}

func expect(d *json.Decoder, want json.Delim) error {
	token, err := d.Token()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("%q expected at byte %d", want.String(), d.InputOffset())
	}
	return nil
}
