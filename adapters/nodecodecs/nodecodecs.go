package nodecodecs

import (
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// maxWindow is how far back zstd may refer; that of its highest level here is as large.
const maxWindow = 32 << 20

// Decoders returns all that this package has.
func Decoders() status.NodeDecoders {
	return status.NodeDecoders{Zstd: Zstd, Brotli: Brotli}
}

// Zstd reads what is compressed by zstd. The reader has no goroutine; it is to be closed.
func Zstd(compressed io.Reader) (io.ReadCloser, error) {
	r, err := zstd.NewReader(compressed,
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
	if err != nil {
		return nil, err
	}
	return r.IOReadCloser(), nil
}

// Brotli reads what is compressed by brotli, without its extension for large windows.
func Brotli(compressed io.Reader) (io.ReadCloser, error) {
	return io.NopCloser(brotli.NewReader(compressed)), nil
}
