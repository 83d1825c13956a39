package status

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
)

// unpack returns what is packed as a stream, which fails behind MaxNodesSize bytes, and when ctx
// ends.
func (d NodeDecoders) unpack(ctx context.Context, packed string) (io.ReadCloser, error) {
	src, algorithm, err := opened(packed)
	if err != nil {
		return nil, err
	}
	return d.decoded(ctx, src, algorithm)
}

// decoded is such a stream of what src has compressed by an algorithm; "": gzip.
func (d NodeDecoders) decoded(ctx context.Context, src io.Reader, algorithm string) (io.ReadCloser, error) {
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
	return &limitedReader{ctx: ctx, src: plain, left: MaxNodesSize}, nil
}

type limitedReader struct {
	ctx  context.Context //nolint:containedctx // a stream is read within one call
	src  io.ReadCloser
	left int
}

// Close implements io.Closer.
func (r *limitedReader) Close() error { return r.src.Close() }

// Read implements io.Reader.
func (r *limitedReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	const atOnce = 64 << 10 // the context is looked at between pieces of that size
	n, err := r.src.Read(p[:min(len(p), r.left+1, atOnce)])
	if r.left -= n; r.left < 0 {
		return 0, fmt.Errorf("they unpack to more than %d MiB", MaxNodesSize>>20)
	}
	return n, err
}

// readPacked reads compressed nodes while they are unpacked.
func readPacked(ctx context.Context, packed string, decoders NodeDecoders, dropped *[]Dropped) ([]*Node, error) {
	plain, err := decoders.unpack(ctx, packed)
	if err != nil {
		return nil, &NodesError{Err: err}
	}
	defer func() { _ = plain.Close() }()
	r := newNodeReader(plain)
	r.source.packed, r.source.decoders = packed, decoders
	if err := r.run(); err != nil {
		return nil, &NodesError{Err: err}
	}
	return r.finish(dropped), nil
}
