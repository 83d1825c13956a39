package otel

import "github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"

// expected reports whether an outcome that the caller sees as an error is an answer all the same,
// which would mislead as the error of a span. What a call could not do is never one.
func expected(op workflow.Op, reason string) bool {
	switch reason {
	case "Canceled": // the caller doesn't want it any more
		return true
	case "DeadlineExceeded": // how long to follow a workflow is the caller's to say
		return op == workflow.OpWait || op == workflow.OpWatch || op == workflow.OpLogs
	case "NotFound": // to look is to ask whether it is there, and to delete is to want it gone
		return op == workflow.OpGet || op == workflow.OpDelete
	case "Completed": // how a workflow ends, and whether it does so first, is no failure of a call
		return op == workflow.OpWait || op == workflow.OpSuspend || op == workflow.OpResume ||
			op == workflow.OpStop || op == workflow.OpTerminate
	case "NotSuspended": // somebody else was quicker
		return op == workflow.OpResume || op == workflow.OpStop
	}
	return false
}
