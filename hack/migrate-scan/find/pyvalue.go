package find

import (
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/tree"
)

// pyKind is what a value is known to be.
type pyKind uint8

const (
	pyNone    pyKind = iota // None
	pyRef                   // something imported, or a builtin: path
	pyService               // an ArgoService
	pyBound                 // a method of one: name
	pyResult                // what such a method returned: name
	pyClass                 // a class of the file
	pyObject                // an object of one
	pyFunc                  // a function of the file
	pyText                  // text: words has one
	pyList                  // a list, tuple or dict: words, items
	pyOther                 // something that is nothing of the above for sure
)

// pyValue is what is known of a value; a nil one is unknown. Values don't change.
type pyValue struct {
	kind   pyKind
	sure   old.Sure
	path   string
	module bool // of a pyRef: an import statement bound it, so that it is a module
	name   string
	class  *pyClassInfo
	fn     *pyFuncInfo
	words  []string
	items  []*pyValue
	from   []tree.Expr // literals that it was made from
}

// pyClassInfo is a class of the file.
type pyClassInfo struct {
	name  string
	bases []*pyValue
	attrs map[string]*pyValue
}

// pyFuncInfo is a function of the file.
type pyFuncInfo struct {
	returns  *pyValue
	returned bool // something was
	property bool
	fixture  bool
}

// The most that is remembered of a text or list, which could else double in each line.
const (
	maxText  = 1 << 16
	maxWords = 500
)

func textValue(text string, from ...tree.Expr) *pyValue {
	if len(text) > maxText {
		return nil
	}
	return &pyValue{kind: pyText, sure: old.Certain, words: []string{text}, from: from}
}

func listValue(words []string, items []*pyValue, from []tree.Expr) *pyValue {
	if len(words) > maxWords || len(items) > maxWords || len(from) > maxWords {
		words, items, from = nil, nil, nil
	}
	return &pyValue{kind: pyList, sure: old.Certain, words: words, items: items, from: from}
}

func (v *pyValue) is(kind pyKind) bool { return v != nil && v.kind == kind }

// text is the text of a value, with what is unknown of it.
func (v *pyValue) text() string {
	if v.is(pyText) {
		return v.words[0]
	}
	return old.Unknown
}

// boundName is the name of the old method that a value is; "": it is none.
func (v *pyValue) boundName() string {
	if v.is(pyBound) {
		return v.name
	}
	return ""
}

// element is what an item of a list is.
func (v *pyValue) element() *pyValue {
	if !v.is(pyList) || len(v.items) == 0 {
		return nil
	}
	all := v.items[0]
	for _, item := range v.items[1:] {
		all = merge(all, item)
	}
	return all
}

func (v *pyValue) weaken(most old.Sure) *pyValue {
	if v == nil || v.sure <= most {
		return v
	}
	weaker := *v
	weaker.sure = most
	return &weaker
}

// old is which name of the old API a reference is; "": none.
func (v *pyValue) old() (name string, sure old.Sure) {
	if !v.is(pyRef) {
		return "", 0
	}
	name, sure = oldName(v.path)
	return name, min(sure, v.sure)
}

// oldName is which name of the old API a dotted path means; "": none.
func oldName(path string) (name string, sure old.Sure) {
	module, name := "", path
	if dot := strings.LastIndexByte(path, '.'); dot >= 0 {
		module, name = path[:dot], path[dot+1:]
	}
	switch name {
	case old.Class, old.EndedError, old.EndingPhases:
	case old.RunnerError, old.Runner:
		return name, old.Likely
	case old.TimeoutError:
		if module == "builtins" || module == "asyncio" {
			return name, old.Certain
		}
		return "", 0
	default:
		return "", 0
	}
	if sure, ok := old.IsModule(module); ok {
		return name, sure
	}
	if strings.HasPrefix(module+".", "?.") || strings.Contains("."+module+".", ".console_link.") {
		return name, old.Likely // exported again by another module, probably
	}
	return name, old.Possible
}

func same(a, b *pyValue) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.kind != b.kind || a.name != b.name || a.class != b.class || a.fn != b.fn {
		return false
	}
	switch a.kind {
	case pyRef:
		nameA, _ := a.old()
		nameB, _ := b.old()
		return a.path == b.path || nameA != "" && nameA == nameB
	case pyText, pyList:
		return strings.Join(a.words, "\n") == strings.Join(b.words, "\n") && same(a.element(), b.element())
	}
	return true
}

// weight says which of two values matters more here.
func (v *pyValue) weight() int {
	if v == nil {
		return 0
	}
	switch v.kind {
	case pyService, pyBound, pyResult:
		return 5
	case pyRef:
		if name, _ := v.old(); name != "" {
			return 5
		}
		return 2
	case pyClass, pyObject, pyFunc:
		return 4
	case pyText, pyList:
		return 3
	}
	return 1
}

// merge is what a value is that is one of two: the one that matters more, less sure. None is
// what a name has while it has nothing else.
func merge(a, b *pyValue) *pyValue {
	switch {
	case same(a, b):
		if a != nil && b.sure > a.sure {
			return b
		}
		return a
	case a.is(pyNone):
		return b
	case b.is(pyNone):
		return a
	case b.weight() > a.weight():
		return b.weaken(old.Likely)
	}
	return a.weaken(old.Likely)
}

// attr is an attribute that the class or its bases have; found is false where none is known to.
// oldBase tells that ArgoService is among the bases.
func (c *pyClassInfo) attr(name string, depth int) (v *pyValue, found, oldBase bool, sure old.Sure) {
	if v, ok := c.attrs[name]; ok {
		return v, true, false, 0
	}
	if depth > 20 { // a class that is its own base, or a very long row
		return nil, false, false, 0
	}
	for _, base := range c.bases {
		switch {
		case base.is(pyClass):
			if v, found, isOld, sure := base.class.attr(name, depth+1); found || isOld {
				return v, found, isOld, sure
			}
		case base.is(pyRef):
			if which, sure := base.old(); which == old.Class {
				return nil, false, true, sure
			}
		}
	}
	return nil, false, false, 0
}
