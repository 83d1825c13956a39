package nodecodecs

import (
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// maxWindow limits how far back zstd may refer. The highest compression level has such a window.
const maxWindow = 32 << 20

// Decoders returns all decoders of this package.
func Decoders() status.NodeDecoders {
	return status.NodeDecoders{Zstd: Zstd, Brotli: Brotli}
}

// Zstd decodes zstd. The reader has no goroutine; the caller must close it.
func Zstd(compressed io.Reader) (io.ReadCloser, error) {
	r, err := zstd.NewReader(compressed,
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
	if err != nil {
		return nil, err
	}
	return r.IOReadCloser(), nil
}

// Brotli decodes brotli, without its extension for large windows.
func Brotli(compressed io.Reader) (io.ReadCloser, error) {
	return io.NopCloser(brotli.NewReader(compressed)), nil
}
