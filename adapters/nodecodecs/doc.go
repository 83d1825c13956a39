// Package nodecodecs reads nodes that Argo's controller compresses by zstd or brotli, as it does
// since 4.1 if its variable WORKFLOW_COMPRESSION_ALGORITHM says so. Give [Decoders] to
// workflow.Options.NodeDecoders, or read objects with its methods. It is a module of its own for
// the packages that it needs.
//
// Memory is bounded for whatever is read: 32 MiB of window for zstd, 16 MiB for brotli; more is an
// error. How much is read in all is bounded by package status.
package nodecodecs
