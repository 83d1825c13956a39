// Package podlogs reads the logs of a workflow's pods: what their containers have written so far,
// ordered by time, and on request what they write from then on.
//
// It guarantees:
//   - The lines of one container keep their order. A log that breaks off resumes where it stopped:
//     no line is lost or repeated, unless the kubelet has rotated it away.
//   - The memory and the number of open logs of a call are bounded, whatever the number of
//     containers, the length of their lines and the speed of the consumer.
//   - If a pod is deleted before its log was read to the end, the call reports it in an
//     [IncompleteError], after the last line of all other logs.
//   - A call sends requests only while it runs, and leaves no goroutine and no connection behind.
//
// A coordinator decides when a call that follows ends; a stream, when the log of one container ends.
//
// It does not know how a workflow is read, watched or named to a user. The caller passes the state
// of the workflow and, to follow it, a function that delivers the later ones. Options are expected
// to be valid. An error of the API server is returned as it came; the errors of this package say
// what happened to a log.
package podlogs
