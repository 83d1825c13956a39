// Package nodecodecs decodes nodes that Argo's controller compresses with zstd or brotli. Since 4.1
// it does that if its variable WORKFLOW_COMPRESSION_ALGORITHM says so. Pass [Decoders] to
// workflow.Options.NodeDecoders, or read objects with its methods. It is a module of its own
// because of the packages that it needs.
//
// Memory is bounded for any input: a window of 32 MiB for zstd, 16 MiB for brotli; a larger one is
// an error. Package status limits the total size.
package nodecodecs
