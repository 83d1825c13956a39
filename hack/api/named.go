package main

import (
	"go/types"
	"iter"
)

// namedIn are the names of types in the text of a type.
func namedIn(t types.Type) iter.Seq[*types.TypeName] {
	return func(yield func(*types.TypeName) bool) { visit(t, yield) }
}

func visit(t types.Type, yield func(*types.TypeName) bool) bool {
	switch t := t.(type) {
	case *types.Named:
		if !yield(t.Obj()) {
			return false
		}
		for argument := range t.TypeArgs().Types() {
			if !visit(argument, yield) {
				return false
			}
		}
	case *types.Alias:
		return yield(t.Obj())
	case *types.Map:
		return visit(t.Key(), yield) && visit(t.Elem(), yield)
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		return visit(t.Elem(), yield)
	case *types.Signature:
		return visit(t.Params(), yield) && visit(t.Results(), yield)
	case *types.Tuple:
		for v := range t.Variables() {
			if !visit(v.Type(), yield) {
				return false
			}
		}
	case *types.Struct:
		for field := range t.Fields() {
			if !visit(field.Type(), yield) {
				return false
			}
		}
	case *types.Interface:
		for method := range t.ExplicitMethods() {
			if !visit(method.Type(), yield) {
				return false
			}
		}
		for embedded := range t.EmbeddedTypes() {
			if !visit(embedded, yield) {
				return false
			}
		}
	}
	return true
}
