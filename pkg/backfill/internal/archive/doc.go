// Package archive moves the working state of a backfill from its index to a file, and back.
//
// It guarantees:
//   - [Move] deletes the index only after the file is complete and on the disk, holds the same
//     documents as the index, and nothing uses the index. At any moment, however the process ends,
//     the whole index or the whole file exists.
//   - Move can be repeated, also by two processes at once, and never overwrites a file.
//   - [Restore] leaves documents that exist unchanged. It writes the document that marks the layout
//     as complete last, so that a part of the documents is never taken for all of them.
//   - Memory does not grow with the number of documents.
//
// The package does not know sessions, clusters or workflows: it reads and writes an [Index], and a
// callback reports whether something uses it. It does not repeat requests.
package archive
