package status

// FromJSON reads a Workflow from its JSON. The result is the same as that of [FromUnstructured] for
// the decoded object, including Dropped, NodesErr and what the methods of nodes return, but
// [WorkflowStatus.Raw] is nil. FromJSON makes no maps of the nodes and skips what no field comes
// from, so it takes a fraction of the time and memory that decoding the object takes. Use it to
// read many workflows.
//
// The limits of compressed nodes (see [MaxNodesSize] and [Node]) apply here to all nodes, and at
// most 8,192 items of lists and maps outside of the nodes are read. No controller writes more. If a
// limit is exceeded, NodesErr or Dropped says so; FromUnstructured reads all of an uncompressed
// object.
//
// The error is a [*JSONError] if any part of data is not valid JSON, else a [*NotWorkflowError] if
// data is not a Workflow; see FromUnstructured. If there are nodes, the status keeps data for what
// they read on demand, so the caller must not change it.
func FromJSON(data []byte) (*WorkflowStatus, error) {
	return NodeDecoders{}.FromJSON(data)
}
