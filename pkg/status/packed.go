package status

import (
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// unpack returns what is packed as a stream, which fails behind MaxNodesSize bytes.
func unpack(packed string) (io.Reader, error) {
	zipped, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(packed)))
	if err != nil {
		return nil, err
	}
	return &limitedReader{src: zipped, left: MaxNodesSize}, nil
}

type limitedReader struct {
	src  io.Reader
	left int
}

// Read implements io.Reader.
func (r *limitedReader) Read(p []byte) (int, error) {
	n, err := r.src.Read(p[:min(len(p), r.left+1)])
	if r.left -= n; r.left < 0 {
		return 0, fmt.Errorf("they unpack to more than %d MiB", MaxNodesSize>>20)
	}
	return n, err
}

// readPacked reads compressed nodes while they are unpacked.
func readPacked(packed string, dropped *[]Dropped) ([]*Node, error) {
	plain, err := unpack(packed)
	if err != nil {
		return nil, &NodesError{Err: err}
	}
	r := newNodeReader(plain)
	r.source.packed = packed
	if err := r.run(); err != nil {
		return nil, &NodesError{Err: err}
	}
	return r.finish(dropped), nil
}
