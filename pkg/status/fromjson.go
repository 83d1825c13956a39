package status

import (
	"errors"
	"io"
)

// FromJSON reads a Workflow from its JSON, as [FromUnstructured] reads the object that it
// says, with the same fields, Dropped and NodesErr, and the same from the methods of nodes.
// [WorkflowStatus.Raw] is nil. It is for who reads many: it makes no maps of the nodes and
// skips what no field comes from, so it takes a fraction of the time and memory that the
// object alone does.
//
// The limits that compressed nodes have (see [MaxNodesSize] and [Node]) hold for all nodes
// here, and of the lists and maps outside of the nodes 8,192 items are read. Where they are
// exceeded, which no controller does, NodesErr or Dropped says so; FromUnstructured would read
// all of what stands in the object uncompressed.
//
// The error is a [*JSONError] where data is no JSON, wherever in it that is, and else a
// [*NotWorkflowError] where it is no Workflow, see FromUnstructured. The status keeps data,
// if there are nodes in it, for what they read only when asked, so the caller must not
// change it. [Slim] makes it smaller.
func FromJSON(data []byte) (*WorkflowStatus, error) {
	return NodeDecoders{}.FromJSON(data)
}

// whole is a scanner of all there is.
func whole(data []byte) scanner { return scanner{buf: data, hold: true} }

// broken is the error for JSON in which s came upon err.
func (s *scanner) broken(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &JSONError{Offset: len(s.buf), Reason: "it ends too early", Err: err}
	}
	return err
}
