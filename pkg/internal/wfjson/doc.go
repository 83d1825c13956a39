// Package wfjson reads, reduces and edits the JSON of Argo workflows without decoding whole
// objects. It is the engine below package status.
//
// It guarantees:
//   - It accepts what encoding/json accepts and refuses the rest. [Identify] and [Labels] stop
//     behind metadata; everything else checks the input up to its end.
//   - Memory is bounded by limits of this package, not by what the JSON claims: by [MaxNodesSize]
//     and [MaxString] for nodes, and by a window of 16 MiB for a stream.
//   - What [Slim] drops is exactly what [ReadWorkflow] ignores, since both follow one schema.
//   - An error names a place in the input, never its content, which may be secret.
//
// It knows the names of a workflow's members and which of them are read, but not what they mean:
// the model is package status. It knows neither compression nor contexts, keeps no state between
// calls, and does not change its input.
package wfjson
