package archive

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
)

var (
	// ErrNoIndex means that the index does not exist.
	ErrNoIndex = errors.New("the working state index does not exist")
	// ErrExists means that a file of the archive's name exists, and holds other documents than the
	// index.
	ErrExists = errors.New("an archive with other content already exists")
	// ErrChanged means that the documents of the index changed while it was archived.
	ErrChanged = errors.New("the index changed while it was archived")
	// ErrMalformed means that a file is not an archive, or is truncated.
	ErrMalformed = errors.New("not a complete archive")
)

// Document is a document of an index.
type Document struct {
	ID     string // unique in its index
	Source json.RawMessage
}

// Index is the index that is archived or restored. Errors match [ErrNoIndex] if it does not exist.
type Index interface {
	// Size returns the exact number of documents, including those written just before.
	Size(ctx context.Context) (int64, error)
	// Documents yields every document once, in any order. An error is the last element.
	Documents(ctx context.Context) iter.Seq2[Document, error]
	// Restore writes the documents that do not exist yet, and returns how many it wrote. It stops
	// at the first error of docs.
	Restore(ctx context.Context, docs iter.Seq2[Document, error]) (int64, error)
	// Delete deletes the index.
	Delete(ctx context.Context) error
}
