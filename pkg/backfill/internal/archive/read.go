package archive

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

// Read yields the documents of the archive at path, one at a time. An error is the last element:
// that of opening the file, or [ErrMalformed].
func Read(path string) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		file, err := os.Open(path)
		if err != nil {
			yield(Document{}, fmt.Errorf("read archive: %w", err))
			return
		}
		defer func() { _ = file.Close() }()
		err = readBatches(json.NewDecoder(bufio.NewReaderSize(file, 1<<16)), yield)
		if err != nil && !errors.Is(err, errStopped) {
			yield(Document{}, fmt.Errorf("%w: %s: %w", ErrMalformed, path, err))
		}
	}
}

// errStopped means that the consumer of a sequence has left its loop.
var errStopped = errors.New("stopped")

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
			if !yield(Document{ID: id.(string), Source: source}, nil) { // a key is always a string
				return errStopped
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
		return errors.New("unexpected data after the end of the array")
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
		return fmt.Errorf("expected %q at byte %d", want.String(), d.InputOffset())
	}
	return nil
}
