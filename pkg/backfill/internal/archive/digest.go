package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// digest identifies a set of documents, in any order: their number, and the sum of their hashes.
type digest struct {
	documents int64
	sum       [4]uint64
}

func (s *digest) add(d Document) error {
	var source bytes.Buffer
	if err := json.Compact(&source, d.Source); err != nil {
		return fmt.Errorf("document %q: %w", d.ID, err)
	}
	s.documents++
	hash := sha256.Sum256(fmt.Appendf(nil, "%d %s %s", len(d.ID), d.ID, source.Bytes()))
	for i := range s.sum {
		s.sum[i] += binary.BigEndian.Uint64(hash[8*i:])
	}
	return nil
}

// digestOfFile returns the digest of the archive at path, or nil if the file does not exist.
func digestOfFile(ctx context.Context, path string) (*digest, error) {
	var of digest
	for d, err := range Read(path) {
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err == nil {
			err = of.add(d)
		}
		if err != nil {
			return nil, err
		}
	}
	return &of, nil
}
