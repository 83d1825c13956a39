package main

import (
	"cmp"
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// writer writes one package. Order and spaces depend on names alone, so that a change touches only
// the lines of what has changed.
type writer struct {
	pkg     *types.Package
	imports map[*types.Package]string // the name of each that is used
	hidden  map[*types.TypeName]bool  // unexported types that exported things are made of
	b       strings.Builder
}

// write returns what a package exports, as Go.
func write(pkg *types.Package) string {
	w := &writer{pkg: pkg, imports: map[*types.Package]string{}, hidden: map[*types.TypeName]bool{}}
	var named []*types.TypeName
	for _, kind := range []string{"const", "var", "func"} {
		before := w.b.Len()
		for _, name := range pkg.Scope().Names() {
			if object := pkg.Scope().Lookup(name); object.Exported() {
				w.object(kind, object)
			}
		}
		if w.b.Len() > before {
			w.b.WriteByte('\n')
		}
	}
	for _, name := range pkg.Scope().Names() {
		if object, ok := pkg.Scope().Lookup(name).(*types.TypeName); ok && object.Exported() {
			named = append(named, object)
		}
	}
	for written := map[*types.TypeName]bool{}; len(named) > 0; {
		for _, object := range named {
			written[object] = true
			w.typeName(object)
		}
		named = slices.SortedFunc(maps.Keys(w.hidden), func(a, b *types.TypeName) int { return cmp.Compare(a.Name(), b.Name()) })
		named = slices.DeleteFunc(named, func(object *types.TypeName) bool { return written[object] })
	}
	return w.head() + strings.TrimRight(w.b.String(), "\n") + "\n"
}

func (w *writer) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "// Written by make api: what a diff of this file says is a change of the exported API.\n\npackage %s // import %q\n\n", w.pkg.Name(), w.pkg.Path())
	for _, imported := range slices.SortedFunc(maps.Keys(w.imports), func(a, b *types.Package) int { return cmp.Compare(a.Path(), b.Path()) }) {
		name := w.imports[imported]
		if name == imported.Name() {
			fmt.Fprintf(&b, "import %q\n", imported.Path())
		} else {
			fmt.Fprintf(&b, "import %s %q\n", name, imported.Path())
		}
	}
	if len(w.imports) > 0 {
		b.WriteByte('\n')
	}
	return b.String()
}

func (w *writer) object(kind string, object types.Object) {
	switch object := object.(type) {
	case *types.Const:
		if kind == "const" {
			fmt.Fprintf(&w.b, "const %s%s = %s\n", object.Name(), w.constType(object.Type()), literal(object.Type(), object.Val()))
		}
	case *types.Var:
		if kind == "var" {
			fmt.Fprintf(&w.b, "var %s %s\n", object.Name(), w.typ(object.Type()))
		}
	case *types.Func:
		if kind == "func" {
			fmt.Fprintf(&w.b, "func %s%s\n", object.Name(), w.signature(object.Signature()))
		}
	}
}

func (w *writer) constType(t types.Type) string {
	if basic, ok := t.(*types.Basic); ok && basic.Info()&types.IsUntyped != 0 {
		return ""
	}
	return " " + w.typ(t)
}

// literal is a constant as an expression of the same kind.
func literal(t types.Type, value constant.Value) string {
	text := value.ExactString()
	switch types.TypeString(t, nil) {
	case "time.Duration":
		number, _ := constant.Int64Val(value)
		return text + " // " + time.Duration(number).String()
	case "untyped rune":
		number, _ := constant.Int64Val(value)
		return strconv.QuoteRune(rune(number))
	}
	if value.Kind() == constant.Float {
		if numerator, denominator, found := strings.Cut(text, "/"); found {
			return numerator + ".0 / " + denominator
		}
		if constant.ToInt(value).Kind() == constant.Int {
			return text + ".0"
		}
	}
	return text
}

func (w *writer) typeName(object *types.TypeName) {
	head := "type " + object.Name()
	if object.IsAlias() {
		fmt.Fprintf(&w.b, "%s = %s\n\n", head, w.typ(types.Unalias(object.Type())))
		return
	}
	named := object.Type().(*types.Named)
	head += w.typeParameters(named.TypeParams())
	switch under := named.Underlying().(type) {
	case *types.Struct:
		w.block(head+" struct", w.fields(under))
	case *types.Interface:
		w.block(head+" interface", w.methodsOf(under))
	default:
		fmt.Fprintf(&w.b, "%s %s\n", head, w.typ(under))
	}
	w.methods(named)
	w.b.WriteByte('\n')
}

func (w *writer) block(head string, lines []string) {
	if len(lines) == 0 {
		w.b.WriteString(head + " {}\n")
		return
	}
	w.b.WriteString(head + " {\n\t" + strings.Join(lines, "\n\t") + "\n}\n")
}

// fields are the exported ones. That there are others is a field without a name, which can be compared
// if they all can.
func (w *writer) fields(s *types.Struct) []string {
	var lines []string
	hidden, comparable := false, true
	for i := range s.NumFields() {
		field := s.Field(i)
		if !field.Exported() && !field.Embedded() {
			hidden, comparable = true, comparable && types.Comparable(field.Type())
			continue
		}
		line := w.typ(field.Type())
		if !field.Embedded() {
			line = field.Name() + " " + line
		}
		if tag := s.Tag(i); tag != "" {
			line += " " + quote(tag)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	switch {
	case !comparable:
		lines = append(lines, "_ [0]func() // unexported fields")
	case hidden:
		lines = append(lines, "_ struct{} // unexported fields")
	}
	return lines
}

func quote(tag string) string {
	if strconv.CanBackquote(tag) {
		return "`" + tag + "`"
	}
	return strconv.Quote(tag)
}

func (w *writer) methodsOf(i *types.Interface) []string {
	var embedded, methods []string
	for t := range i.EmbeddedTypes() {
		embedded = append(embedded, w.typ(t))
	}
	for method := range i.ExplicitMethods() {
		methods = append(methods, method.Name()+w.signature(method.Signature()))
	}
	slices.Sort(embedded)
	slices.Sort(methods)
	return append(embedded, methods...)
}

func (w *writer) methods(named *types.Named) {
	var lines []string
	for method := range named.Methods() {
		if method.Exported() {
			receiver := w.typ(method.Signature().Recv().Type())
			lines = append(lines, "func ("+receiver+") "+method.Name()+w.signature(method.Signature()))
		}
	}
	slices.SortFunc(lines, func(a, b string) int {
		return cmp.Compare(strings.TrimLeft(a, "func (*"), strings.TrimLeft(b, "func (*"))
	})
	for _, line := range lines {
		w.b.WriteString(line + "\n")
	}
}

func (w *writer) typeParameters(list *types.TypeParamList) string {
	var all []string
	for parameter := range list.TypeParams() {
		all = append(all, parameter.Obj().Name()+" "+w.typ(parameter.Constraint()))
	}
	if len(all) == 0 {
		return ""
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func (w *writer) signature(s *types.Signature) string {
	w.note(s)
	return strings.TrimPrefix(types.TypeString(s, w.qualifier), "func")
}

func (w *writer) typ(t types.Type) string {
	w.note(t)
	return types.TypeString(t, w.qualifier)
}

func (w *writer) note(t types.Type) {
	for object := range namedIn(t) {
		if object.Pkg() == w.pkg && !object.Exported() && object.Parent() == w.pkg.Scope() {
			w.hidden[object] = true
		}
	}
}

// qualifier names other packages as they name themselves, with a number where that is taken.
func (w *writer) qualifier(other *types.Package) string {
	if other == w.pkg {
		return ""
	}
	if name, found := w.imports[other]; found {
		return name
	}
	name, taken := other.Name(), slices.Collect(maps.Values(w.imports))
	for n := 2; slices.Contains(taken, name) || w.pkg.Scope().Lookup(name) != nil || !token.IsIdentifier(name); n++ {
		name = other.Name() + strconv.Itoa(n)
	}
	w.imports[other] = name
	return name
}
