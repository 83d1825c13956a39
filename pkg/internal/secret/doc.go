// Package secret decides what is a secret, by the key that a value has and by the kind of value that
// it is, and takes it out of what is shown. It looks into maps, lists and structs, and into strings
// that hold JSON or assignments such as password=….
//
// It is one rule for what a configuration may hold in plain text and for what is masked. To mask too
// much does no harm; a value that is refused by mistake can be allowed by its author.
package secret
