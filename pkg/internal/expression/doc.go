// Package expression finds Argo expressions in values that must arrive as they are.
//
// It guarantees that Argo evaluates nothing in a value in which [In] finds nothing, wherever a
// template substitutes the value as a whole: as a string, in JSON, or as the item of a loop.
//
// It does not know templates. Two values without an expression can form one if a template puts them
// next to each other.
package expression
