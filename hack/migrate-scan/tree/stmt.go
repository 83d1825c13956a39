package tree

// Stmt is a statement: a pointer to one of the types of this file.
type Stmt any

// ExprStmt is expressions alone.
type ExprStmt struct{ X []Expr }

// Assign is Targets = Value, with "=" or an operator such as "+=" and perhaps an annotation.
type Assign struct {
	Targets    []Expr
	Op         string
	Annotation Expr // nil: none
	Value      Expr // nil: only annotated
}

// Import is import Names….
type Import struct {
	Offset int
	Names  []Alias
}

// ImportFrom is from Module import Names…, with Level dots before the module.
type ImportFrom struct {
	Offset int
	Level  int
	Module string
	Names  []Alias // one named "*" of a star import
}

// Alias is what is imported, and as what; As "" is its own name.
type Alias struct {
	Offset   int
	Name, As string
}

// Global is global or nonlocal Names….
type Global struct {
	Nonlocal bool
	Names    []string
}

// Del is del Targets….
type Del struct{ Targets []Expr }

// Exit is what ends a block: return, raise, break, continue.
type Exit struct {
	Word string
	X    []Expr
}

// If is if, with its elifs.
type If struct {
	Branches []Branch
	Else     []Stmt
}

// Branch is a condition and what follows from it.
type Branch struct {
	Test Expr
	Body []Stmt
}

// While is a while loop.
type While struct {
	Test       Expr
	Body, Else []Stmt
}

// For is a for loop.
type For struct {
	Target, Iter Expr
	Body, Else   []Stmt
}

// Try is try with its handlers.
type Try struct {
	Body          []Stmt
	Handlers      []Handler
	Else, Finally []Stmt
}

// Handler is except Type as As; Type is nil where it catches all.
type Handler struct {
	Offset int
	Type   Expr
	As     *Name
	Body   []Stmt
}

// With is with Items….
type With struct {
	Items []WithItem
	Body  []Stmt
}

// WithItem is X as As; As is nil where there is none.
type WithItem struct{ X, As Expr }

// Func is def Name(Params…).
type Func struct {
	Offset     int // of the name
	Name       string
	Decorators []Expr
	TypeParams Expr // of a generic one, as a list; nil: it is none
	Params     []Param
	Returns    Expr
	Body       []Stmt
}

// Param is a parameter.
type Param struct {
	Name                string
	Stars               int
	Annotation, Default Expr
}

// Class is class Name(Args…).
type Class struct {
	Offset     int // of the name
	Name       string
	Decorators []Expr
	TypeParams Expr // of a generic one, as a list; nil: it is none
	Args       []Arg
	Body       []Stmt
}

// Match is match Subject.
type Match struct {
	Subject Expr
	Cases   []Case
}

// Case is case Pattern if Guard. A pattern is read as an expression.
type Case struct {
	Pattern, Guard Expr
	Body           []Stmt
}
