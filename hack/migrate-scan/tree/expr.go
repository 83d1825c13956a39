// Package tree reads Python tokens into a syntax tree that is just deep enough to follow names
// and calls. It understands what is not quite Python too, such as Python 2, and then leaves out
// what it has no idea of.
package tree

// Expr is an expression: one of the types of this file.
type Expr interface {
	// At is where it begins, in bytes; of an [Attr] where the attribute's name does.
	At() int
}

// Name is a name that is read or bound.
type Name struct {
	Offset int
	ID     string
}

// Const is a number, None, True, False or an ellipsis.
type Const struct {
	Offset int
	Text   string
}

// Attr is X.Name.
type Attr struct {
	Offset int
	X      Expr
	Name   string
}

// Call is Fn(Args…).
type Call struct {
	Offset int
	Fn     Expr
	Args   []Arg
}

// Arg is an argument of a call or a class.
type Arg struct {
	Name  string // "": by position
	Stars int    // 1 of *args, 2 of **kwargs
	Value Expr
}

// Index is X[Items…].
type Index struct {
	Offset int
	X      Expr
	Items  []Expr
}

// Str is a string, or several that follow on each other.
type Str struct {
	Offset int
	Parts  []StrPart
}

// StrPart is text or, where Field is not nil, the expressions of an f-string's field.
type StrPart struct {
	Text  string
	Field []Expr
}

// List is a display of items: Kind is '[', '(' for tuples with or without brackets, '{' for sets.
type List struct {
	Offset int
	Kind   byte
	Items  []Expr
}

// Dict is a display of pairs. A nil key is that of **more.
type Dict struct {
	Offset       int
	Keys, Values []Expr
}

// Lambda is an anonymous function.
type Lambda struct {
	Offset int
	Params []Param
	Body   Expr
}

// Comp is a comprehension of any kind; Items are one or, of a dict, two.
type Comp struct {
	Offset  int
	Items   []Expr
	Clauses []Clause
}

// Clause is one "for" of a comprehension.
type Clause struct {
	Target, Iter Expr
	Ifs          []Expr
}

// Operation is operands with operators between them, without regard to precedence.
type Operation struct {
	Offset int
	Ops    []string // one less than there are operands
	X      []Expr
}

// Cond is Then if If else Else.
type Cond struct {
	Offset         int
	Then, If, Else Expr
}

// Walrus is (Target := Value).
type Walrus struct {
	Target *Name
	Value  Expr
}

// Wrap is an expression with something before it that changes little about it: await, yield, *,
// not, a sign.
type Wrap struct {
	Offset int
	Op     string
	X      Expr // nil of a bare yield
}

// At is part of [Expr].
func (e *Name) At() int { return e.Offset }

// At is part of [Expr].
func (e *Const) At() int { return e.Offset }

// At is part of [Expr].
func (e *Attr) At() int { return e.Offset }

// At is part of [Expr].
func (e *Call) At() int { return e.Offset }

// At is part of [Expr].
func (e *Index) At() int { return e.Offset }

// At is part of [Expr].
func (e *Str) At() int { return e.Offset }

// At is part of [Expr].
func (e *List) At() int { return e.Offset }

// At is part of [Expr].
func (e *Dict) At() int { return e.Offset }

// At is part of [Expr].
func (e *Lambda) At() int { return e.Offset }

// At is part of [Expr].
func (e *Comp) At() int { return e.Offset }

// At is part of [Expr].
func (e *Operation) At() int { return e.Offset }

// At is part of [Expr].
func (e *Cond) At() int { return e.Offset }

// At is part of [Expr].
func (e *Walrus) At() int { return e.Target.Offset }

// At is part of [Expr].
func (e *Wrap) At() int { return e.Offset }
