// Package secret recognizes secrets and replaces them in what is shown.
//
// It is one rule for two uses: which values a configuration must not have in plain text, and which
// values are masked. A value is secret because of its name ([Named]) or its form ([Scrub]).
// [Replace] and [Find] look into maps, lists and structs, and into strings with JSON, YAML or
// assignments such as password=….
//
// It guarantees:
//   - [Replace] does not change its input, and a value without a secret stays the same.
//   - Memory stays in proportion to the values, however deep or many they are.
//
// It does not know what a value is for, so it masks rather too much: a value that is refused by
// mistake can be allowed by its author. It does not recognize a secret whose name and form are
// those of ordinary text.
package secret
