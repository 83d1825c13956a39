// Package strictyaml reads YAML from untrusted authors.
//
// It guarantees:
//   - A document with a duplicate key is refused.
//   - A document of more than [MaxSize] bytes or 250,000 values is refused, whether it is that
//     large as it is or once its aliases are expanded. Checking takes memory in proportion to the
//     document.
//   - An error says what is wrong and, where known, in which line. It shows keys at most, never a
//     value, since any value may be a misplaced secret.
//
// It does not know what a document is for: unknown keys are refused by [Unmarshal], which has a
// struct to compare with, and accepted by [ToJSON].
package strictyaml
