package find

import (
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/tree"
)

// pyArgs are the arguments of a call with their values.
type pyArgs struct {
	list []tree.Arg
	vals []*pyValue
}

// at is the argument at a position, or of one of the names; nil: there is none, or it's unknown.
func (a pyArgs) at(position int, names ...string) *pyValue {
	n := 0
	for i, arg := range a.list {
		switch {
		case arg.Name != "" && slices.Contains(names, arg.Name):
			return a.vals[i]
		case arg.Name == "" && arg.Stars < 2:
			if n == position {
				return a.vals[i]
			}
			n++
		}
	}
	return nil
}

// words are the words of the arguments by position, from one of them on.
func (a pyArgs) words(from int) []string {
	var words []string
	n := 0
	for i, arg := range a.list {
		if arg.Name != "" || arg.Stars > 1 {
			continue
		}
		if n++; n <= from {
			continue
		}
		if v := a.vals[i]; v.is(pyList) {
			words = append(words, v.words...)
		} else {
			words = append(words, v.text())
		}
	}
	return words
}

// call looks at a call, and is what is known of its result.
func (p *pyFile) call(x *tree.Call, s *pyScope) *pyValue {
	fn := p.value(x.Fn, s)
	p.dottedTexts(x, fn)
	args := pyArgs{list: x.Args}
	for _, arg := range x.Args {
		args.vals = append(args.vals, p.eval(arg.Value, s))
	}
	p.replaced(x, args)
	p.expected(x, args, s)
	switch {
	case fn.is(pyBound):
		return p.oldCall(x.Fn, fn)
	case fn.is(pyFunc):
		return fn.fn.returns
	case fn.is(pyClass):
		return instanceOf(fn)
	case fn.is(pyRef):
		return p.refCall(x, fn, args, s)
	case fn.is(pyService):
		return nil
	}
	if v, ok := p.ownMethod(x, args, s); ok {
		return v
	}
	p.processes(x, "", args)
	return nil
}

// oldCall tells of a call of an old method.
func (p *pyFile) oldCall(x tree.Expr, fn *pyValue) *pyValue {
	m, ok := old.MethodNamed(fn.name)
	if !ok {
		return nil
	}
	p.tell(x.At(), old.Use{Rule: old.RuleMethod, Old: old.Class + "." + m.Name, Replacement: m.Call, Sure: fn.sure})
	p.calls = append(p.calls, pyCall{m, fn.sure})
	return &pyValue{kind: pyResult, sure: fn.sure, name: m.Name}
}

// ownMethod is the result of a method of a text or list, which may change it.
func (p *pyFile) ownMethod(x *tree.Call, args pyArgs, s *pyScope) (v *pyValue, ok bool) {
	attr, isAttr := x.Fn.(*tree.Attr)
	if !isAttr {
		return nil, false
	}
	base := p.bases[attr]
	if v, ok := textMethod(base, attr.Name, args.vals); ok {
		return v, true
	}
	if v, ok := mutated(base, attr.Name, args.vals); ok {
		p.bind(attr.X, v, s)
		return nil, true
	}
	return nil, false
}

// refCall looks at a call of something imported or builtin.
func (p *pyFile) refCall(x *tree.Call, fn *pyValue, args pyArgs, s *pyScope) *pyValue {
	switch name, sure := fn.old(); name {
	case old.Class:
		p.tell(start(x.Fn), old.Use{Rule: old.RuleConstruct, Old: old.Class + "(…)", Replacement: old.ConstructReplacement(), Sure: sure})
		return &pyValue{kind: pyService, sure: sure}
	case old.EndedError:
		p.named(x.Fn, fn)
		return nil
	case old.Runner:
		p.runner(x, args)
		return nil
	}
	switch fn.path {
	case "builtins.getattr":
		base, name := args.at(0), args.at(1).text()
		if base.is(pyService) {
			if _, ok := old.MethodNamed(name); ok {
				bound := &pyValue{kind: pyBound, sure: base.sure, name: name}
				return bound
			}
		}
		return nil
	case "builtins.super":
		return p.super(s)
	case "builtins.list", "builtins.tuple", "builtins.str", "copy.copy", "copy.deepcopy":
		return args.at(0)
	case "typing.cast":
		if len(x.Args) == 2 {
			return p.instance(x.Args[0].Value, s)
		}
	case "shlex.split":
		if v := args.at(0, "s"); v.is(pyText) {
			return listValue(strings.Fields(v.text()), nil, v.from)
		}
		return nil
	case "shlex.join":
		if v := args.at(0, "split_command"); v.is(pyList) {
			return textValue(strings.Join(v.words, " "), v.from...)
		}
		return nil
	case "importlib.import_module", "builtins.__import__":
		return p.importCall(args)
	case "contextlib.closing", "contextlib.nullcontext":
		return args.at(0)
	}
	if spec := mockOf(fn.path, args); spec != nil {
		return spec
	}
	p.processes(x, fn.path, args)
	return nil
}

// importCall is the module that a call imports by its name.
func (p *pyFile) importCall(args pyArgs) *pyValue {
	name := args.at(0, "name")
	if !name.is(pyText) {
		return nil
	}
	path := name.text()
	if strings.HasPrefix(path, ".") {
		path = args.at(1, "package").text() + path
		if strings.HasPrefix(path, old.Unknown) {
			path = "?" + strings.TrimPrefix(path, old.Unknown)
		}
	}
	if sure, ok := old.IsModule(path); ok {
		if sure > old.Possible {
			p.importsOld = true
		}
		return ref(path).weaken(sure)
	}
	v := ref(path)
	v.module = true
	return v
}

// super is an object of the bases of the class that the scope is in.
func (p *pyFile) super(s *pyScope) *pyValue {
	for at := s; at != nil; at = at.outer {
		if at.class != nil {
			info := &pyClassInfo{name: at.class.name, bases: at.class.bases, attrs: map[string]*pyValue{}}
			return &pyValue{kind: pyObject, sure: old.Certain, class: info}
		}
	}
	return nil
}

// mockOf is what a mock with a spec stands for; nil: it is no such mock.
func mockOf(path string, args pyArgs) *pyValue {
	var spec *pyValue
	switch path[strings.LastIndexByte(path, '.')+1:] {
	case "Mock", "MagicMock", "AsyncMock", "NonCallableMock", "NonCallableMagicMock":
		for i, arg := range args.list {
			if arg.Name == "spec" || arg.Name == "spec_set" {
				spec = args.vals[i]
			}
		}
	case "create_autospec":
		spec = args.at(0, "spec")
	}
	if v := instanceOf(spec); v.is(pyService) {
		return v.weaken(old.Likely)
	}
	return nil
}
