package wfjson

// Limits on what is read. No controller writes that much: Argo compresses nodes above 1 MiB, and
// its longest strings are messages of some KiB.
const (
	// MaxNodesSize is the size of the nodes in bytes of JSON.
	MaxNodesSize = 64 << 20
	// MaxString is the length of a string in a node, in bytes of JSON.
	MaxString = 1 << 20
	// MaxNodeItems is how many items of lists, and members of maps, [ReadNode] reads. An item
	// takes some hundred bytes of memory, but can be written in three.
	MaxNodeItems = MaxNodesSize / 512
	// MaxItems is how many of them [ReadWorkflow] reads outside of the nodes and templates, and
	// [Unread.Read] in templates.
	MaxItems = 1 << 13

	// maxName is the length of a name in a map of a node, in bytes of JSON.
	maxName = 1 << 10
)
