package find

import (
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/tree"
)

// takesNames reports whether a function of that name gets what it imports or replaces by a text.
func takesNames(function string) bool {
	switch function {
	case "patch", "object", "setattr", "delattr", "multiple", "spy", "stub",
		"import_module", "__import__", "import_string", "locate", "resolve_name", "reload":
		return true
	}
	return false
}

// plainText is the text of an expression that is a string without fields; ok is false for any other.
func plainText(x tree.Expr) (text string, s *tree.Str, ok bool) {
	s, ok = x.(*tree.Str)
	if !ok || !isPlain(s) {
		return "", nil, false
	}
	for _, part := range s.Parts {
		text += part.Text
	}
	return text, s, true
}

// dottedTexts looks at what a call such as patch or import_module names by its whole dotted name.
func (p *pyFile) dottedTexts(x *tree.Call, fn *pyValue) {
	name := lastName(x.Fn)
	if fn.is(pyRef) { // which can have another name here
		name = fn.path[strings.LastIndexByte(fn.path, '.')+1:]
	}
	if !takesNames(name) {
		return
	}
	imports := fn.is(pyRef) && (fn.path == "importlib.import_module" || fn.path == "builtins.__import__")
	for _, arg := range x.Args {
		name, text, ok := plainText(arg.Value)
		if !ok || text == nil {
			continue
		}
		_, isModule := old.IsModule(strings.TrimLeft(name, "."))
		if imports && isModule {
			p.importsOld = true
		}
		if imports && isModule ||
			isDotted(name) && (strings.Contains(name, old.Module) || slices.Contains(strings.Split(name, "."), old.Class)) {
			p.claimed[text] = true
			p.tell(text.Offset, dottedUse(name, old.Likely))
		}
	}
}

// replaced looks at methods that a call such as patch.object or setattr names by a text, behind
// what has them.
func (p *pyFile) replaced(x *tree.Call, args pyArgs) {
	if !takesNames(lastName(x.Fn)) {
		return
	}
	for i, arg := range x.Args {
		name, text, ok := plainText(arg.Value)
		m, known := old.MethodNamed(name)
		if !ok || !known || i == 0 {
			continue
		}
		sure := p.guess()
		base := args.vals[i-1]
		if which, s := base.old(); which == old.Class {
			sure = s
		} else if base.is(pyService) {
			sure = base.sure
		}
		p.tell(text.Offset, old.Use{Rule: old.RuleMethodRef, Old: old.Class + "." + m.Name, Replacement: m.Call, Sure: sure})
	}
}
