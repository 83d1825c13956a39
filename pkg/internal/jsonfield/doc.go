// Package jsonfield lists the fields of a struct as encoding/json sees them.
//
// It guarantees that a field has the name and the place that encoding/json gives it: by its tag,
// through embedded structs, and hidden by a field of the same name that is nearer. It is left out
// where omitempty and omitzero leave it out.
//
// It does not know what the values of the fields are, nor how they are written. [Call] is for those
// that call the methods by which values write and read themselves.
package jsonfield
