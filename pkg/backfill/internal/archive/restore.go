package archive

import (
	"context"
	"iter"
)

// layoutDocument is the ID of the document that marks the layout of the work items as complete.
const layoutDocument = "shard_setup"

// Restore writes the archive at path to index, and returns how many documents it wrote. It reads
// the whole file before it writes anything. Errors are those of [Read] and of index.
func Restore(ctx context.Context, index Index, path string) (int64, error) {
	if _, err := digestOfFile(ctx, path); err != nil {
		return 0, err
	}
	return index.Restore(ctx, layoutLast(Read(path)))
}

// layoutLast moves the layout document to the end.
func layoutLast(documents iter.Seq2[Document, error]) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		var layout *Document
		for d, err := range documents {
			if err == nil && d.ID == layoutDocument {
				layout = &d
				continue
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
		if layout != nil {
			yield(*layout, nil)
		}
	}
}
