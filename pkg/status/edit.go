package status

import (
	"cmp"
	"context"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// NodeEdit is a change of one node; see [NodeDecoders.EditNodes]. The zero value leaves the node as
// it is.
type NodeEdit struct {
	// Remove removes the node. The other fields are ignored then.
	Remove bool
	// Set are members of the node by name, each to be written as JSON; nil removes the member.
	Set map[string]any
	// Supply are values of output parameters by name. A parameter that awaits a value gets it and
	// no longer awaits one.
	Supply map[string]string
	// KeepID, if not nil, reports which node ids stay in children and outboundNodes. Values there
	// that are not strings are removed.
	KeepID func(id string) bool
}

// EditNodes returns status.compressedNodes with nodes changed, compressed by gzip, which every
// version of Argo reads. It calls edit with the id of each node, also of values that are not
// objects. The JSON of what does not change stays as it is.
//
// The nodes are decompressed, changed and compressed in one pass, piece by piece, so EditNodes
// takes a few MiB of memory for any size up to [MaxNodesSize]. The error is a [*NodesError], or
// once ctx has ended, its cause; EditNodes looks at ctx between pieces. A result of more than 16
// MiB is an error: the API server accepts less than a tenth of that.
func (d NodeDecoders) EditNodes(ctx context.Context, packed string, edit func(id string) NodeEdit) (string, error) {
	plain, err := d.unpack(packed, endOf(ctx))
	if err != nil {
		return "", nodesError(err)
	}
	defer func() { _ = plain.Close() }()
	var edited packedText
	zipper := newPacker(&edited)
	err = wfjson.EditNodes(zipper, plain, func(id string) wfjson.NodeEdit { return wfjson.NodeEdit(edit(id)) })
	err = cmp.Or(err, zipper.Close())
	switch {
	case err != nil && ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return "", nodesError(err)
	}
	return edited.String(), nil
}
