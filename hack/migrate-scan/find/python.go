package find

import (
	"cmp"
	"errors"
	"path"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/python"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/tree"
)

// Python finds the old API in Python source. The file's path, with slashes, tells what relative
// imports mean. The error, nil or a [*BrokenError], says from where on it could not be read.
func Python(text, file string) ([]old.Finding, error) {
	c := newCollector(text)
	tokens, lexErr := python.Tokenize(text)
	body, treeErr := tree.Parse(tokens)

	p := &pyFile{
		collector: c,
		classes:   map[*tree.Class]*pyClassInfo{}, funcs: map[*tree.Func]*pyFuncInfo{},
		claimed: map[tree.Expr]bool{}, bases: map[*tree.Attr]*pyValue{},
	}
	p.place(file)
	// Once to learn what attributes and functions are, which can stand behind their use, and once to tell.
	top := p.run(body, nil)
	p.telling = true
	p.run(body, top.ever)
	p.leftLists()

	var at *python.Error
	if err := cmp.Or(lexErr, treeErr); errors.As(err, &at) {
		return c.sorted(), c.broken(at.Offset, at.Reason)
	}
	return c.sorted(), nil
}

// pyFile is Python source that is being looked at.
type pyFile struct {
	*collector
	pkg, module string // dotted; "?" and what follows from it where the package isn't known
	telling     bool   // findings are kept
	importsOld  bool
	classes     map[*tree.Class]*pyClassInfo
	funcs       map[*tree.Func]*pyFuncInfo
	later       []func() // bodies of functions
	calls       []pyCall // of old methods, in the order of the text
	lists       []pyLiteral
	claimed     map[tree.Expr]bool      // literals whose meaning was found where they are used
	bases       map[*tree.Attr]*pyValue // what attributes were taken of
}

// pyCall is a call of an old method.
type pyCall struct {
	method old.Method
	sure   old.Sure
}

// pyLiteral is a list that could be a command.
type pyLiteral struct {
	list  tree.Expr
	words []string
}

// place finds the module that a file is, if it lies in the package console_link.
func (p *pyFile) place(file string) {
	dir, name := path.Split(path.Clean(file))
	parts := strings.Split(strings.Trim(dir, "/"), "/")
	p.pkg = "?"
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i] == "console_link" {
			p.pkg = strings.Join(parts[i:], ".")
			break
		}
	}
	p.module = p.pkg + "." + strings.TrimSuffix(name, path.Ext(name))
}

// run looks at the whole module once.
func (p *pyFile) run(body []tree.Stmt, known map[string]*pyValue) *pyScope {
	p.calls, p.lists = nil, nil
	top := newScope(nil)
	for name, v := range known {
		top.ever[name] = v
	}
	p.block(body, top)
	for len(p.later) > 0 {
		next := p.later[0]
		p.later = p.later[1:]
		next()
	}
	return top
}

// tell adds a finding, in the second of the two runs.
func (p *pyFile) tell(offset int, u old.Use) {
	if p.telling {
		p.add(offset, u)
	}
}

// guess is how sure one can be where only the name fits.
func (p *pyFile) guess() old.Sure {
	if p.importsOld {
		return old.Likely
	}
	return old.Possible
}

// leftLists tells of lists that begin as a command does and were not seen to be run.
func (p *pyFile) leftLists() {
	for _, l := range p.lists {
		if p.claimed[l.list] {
			continue
		}
		for _, u := range weakened(ownProgram(l.words), old.Likely) {
			p.add(l.list.At(), u)
		}
	}
}

// start is where an expression begins.
func start(x tree.Expr) int {
	for {
		switch e := x.(type) {
		case *tree.Attr:
			x = e.X
		case *tree.Call:
			x = e.Fn
		case *tree.Index:
			x = e.X
		default:
			return x.At()
		}
	}
}
