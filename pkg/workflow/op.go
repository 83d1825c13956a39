package workflow

import "slices"

// Op names an operation in errors.
type Op string

// Each method of [WorkflowClient] that sends a request has an Op. OpNew is that of [New] and
// [NewForConfig].
const (
	OpNew       Op = "new-client"
	OpCreate    Op = "create"
	OpGet       Op = "get"
	OpList      Op = "list"
	OpStart     Op = "start"
	OpWatch     Op = "watch"
	OpWait      Op = "wait"
	OpSuspend   Op = "suspend"
	OpResume    Op = "resume"
	OpStop      Op = "stop"
	OpTerminate Op = "terminate"
	OpDelete    Op = "delete"
	OpResubmit  Op = "resubmit"
	OpLogs      Op = "logs"
	OpRetry     Op = "retry"
	OpGates     Op = "gates"
	OpApprove   Op = "approve"
	OpReject    Op = "reject"

	OpCheckPermissions Op = "check-permissions"
)

// Ops returns all operations of this package.
func Ops() []Op { return append([]Op{OpNew, OpCreate, OpCheckPermissions}, interfaceOps()...) }

// With returns the operation with a part that only some requests ask for, such as
// OpStart.With(PartReplace). Only [WorkflowClient.CheckPermissions] takes such an Op; it returns
// [ErrInvalid] for a part that the operation does not have.
func (op Op) With(part string) Op { return op + withPart + Op(part) }

// withPart is between the two in what [Op.With] returns.
const withPart = " with "

// checkableOps returns all that [WorkflowClient.CheckPermissions] takes.
func checkableOps() []Op {
	var all []Op
	for _, op := range Ops() {
		all = append(all, op)
		for _, n := range Requirements(op) {
			if with := op.With(n.Part); n.OnRequest && !slices.Contains(all, with) {
				all = append(all, with)
			}
		}
	}
	return all
}

// Changes reports whether the operation changes something in the cluster, so that its outcome can
// be unknown. The others only read.
func (op Op) Changes() bool {
	switch op {
	case OpCreate, OpStart, OpResubmit, OpSuspend, OpResume, OpStop, OpTerminate, OpDelete, OpRetry, OpApprove, OpReject:
		return true
	}
	return false
}

// interfaceOps returns the operations of [Interface].
func interfaceOps() []Op {
	return []Op{
		OpStart, OpGet, OpList, OpWait, OpWatch, OpGates, OpApprove, OpReject,
		OpSuspend, OpResume, OpStop, OpTerminate, OpDelete, OpRetry, OpResubmit, OpLogs,
	}
}
