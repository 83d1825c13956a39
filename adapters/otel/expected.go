package otel

import "github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"

// expected reports whether an error is a regular answer, which would be misleading as the error of
// a span. A call that could not be completed is never one.
func expected(op workflow.Op, reason string) bool {
	switch reason {
	case "Canceled": // the caller cancelled the call
		return true
	case "DeadlineExceeded": // the caller decides how long to watch a workflow
		return op == workflow.OpWait || op == workflow.OpWatch || op == workflow.OpLogs
	case "NotFound": // a get asks whether the workflow exists, and after a delete it should not
		return op == workflow.OpGet || op == workflow.OpDelete
	case "Completed": // the outcome of a workflow, or its early end, is not a failure of the call
		return op == workflow.OpWait || op == workflow.OpApprove || op == workflow.OpReject || op == workflow.OpSuspend ||
			op == workflow.OpResume || op == workflow.OpStop || op == workflow.OpTerminate
	case "NotSuspended": // another client decided first
		return op == workflow.OpApprove || op == workflow.OpReject
	}
	return false
}
