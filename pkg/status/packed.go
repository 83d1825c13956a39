package status

import (
	"compress/gzip"
	"fmt"
	"io"
)

// unpack returns what is packed as a stream, which fails behind MaxNodesSize bytes, and with the
// error of ended, if that is given and has one.
func (d NodeDecoders) unpack(packed string, ended func() error) (io.ReadCloser, error) {
	src, algorithm, err := opened(packed)
	if err != nil {
		return nil, err
	}
	return d.decoded(src, algorithm, ended)
}

// decoded is such a stream of what src has compressed by an algorithm; "": gzip.
func (d NodeDecoders) decoded(src io.Reader, algorithm string, ended func() error) (io.ReadCloser, error) {
	decoder := func(src io.Reader) (io.ReadCloser, error) { return gzip.NewReader(src) }
	switch algorithm {
	case zstd:
		decoder = d.Zstd
	case brotli:
		decoder = d.Brotli
	}
	if decoder == nil {
		return nil, &CompressionError{Algorithm: algorithm}
	}
	plain, err := decoder(src)
	if err != nil {
		return nil, err
	}
	return &limitedReader{src: plain, left: MaxNodesSize, ended: ended}, nil
}

type limitedReader struct {
	src   io.ReadCloser
	left  int
	ended func() error // nil: it doesn't end before its end
}

// Close implements io.Closer.
func (r *limitedReader) Close() error { return r.src.Close() }

// Read implements io.Reader.
func (r *limitedReader) Read(p []byte) (int, error) {
	if r.ended != nil {
		if err := r.ended(); err != nil {
			return 0, err
		}
	}
	const atOnce = 64 << 10 // so often that is asked
	n, err := r.src.Read(p[:min(len(p), r.left+1, atOnce)])
	if r.left -= n; r.left < 0 {
		return 0, fmt.Errorf("they unpack to more than %d MiB", MaxNodesSize>>20)
	}
	return n, err
}

// readPacked reads compressed nodes while they are unpacked.
func readPacked(packed string, decoders NodeDecoders, ended func() error, dropped *[]Dropped) ([]*Node, error) {
	plain, err := decoders.unpack(packed, ended)
	if err != nil {
		return nil, &NodesError{Err: err}
	}
	defer func() { _ = plain.Close() }()
	r := newNodeReader(plain)
	r.source.packed, r.source.decoders = packed, decoders
	if err := r.run(); err != nil {
		return nil, &NodesError{Err: err}
	}
	if err := r.source.keepCut(r.cutGates, ended); err != nil {
		return nil, &NodesError{Err: err}
	}
	nodes, err := r.finish(dropped, ended)
	if err != nil {
		return nil, &NodesError{Err: err}
	}
	return nodes, nil
}
