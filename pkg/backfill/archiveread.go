package backfill

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

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
