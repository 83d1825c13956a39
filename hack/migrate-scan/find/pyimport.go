package find

import (
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/tree"
)

func ref(path string) *pyValue { return &pyValue{kind: pyRef, sure: old.Certain, path: path} }

func (p *pyFile) imported(offset int, text string, sure old.Sure) {
	if sure > old.Possible {
		p.importsOld = true
	}
	p.tell(offset, old.Use{Rule: old.RuleImport, Old: old.Shown([]string{text}), Replacement: old.ImportReplacement(), Sure: sure})
}

func (p *pyFile) importStmt(n *tree.Import, s *pyScope) {
	for _, a := range n.Names {
		if sure, ok := old.IsModule(a.Name); ok {
			p.imported(a.Offset, "import "+a.Name, sure)
		}
		path, name := a.Name, a.As
		if name == "" {
			path, _, _ = strings.Cut(a.Name, ".")
			name = path
		}
		v := ref(path)
		v.module = true
		s.set(name, v)
	}
}

func (p *pyFile) importFrom(n *tree.ImportFrom, s *pyScope) {
	base := p.resolve(n)
	written := strings.Repeat(".", n.Level) + n.Module
	if sure, ok := old.IsModule(base); ok {
		var names []string
		for _, a := range n.Names {
			names = append(names, a.Name)
		}
		p.imported(n.Offset, "from "+written+" import "+strings.Join(names, ", "), sure)
	}
	for _, a := range n.Names {
		if a.Name == "*" {
			p.importAll(base, s)
			continue
		}
		path := base + "." + a.Name
		if sure, ok := old.IsModule(path); ok {
			p.imported(a.Offset, "from "+written+" import "+a.Name, sure)
		} else if _, ok := old.IsModule(base); !ok && slices.Contains(old.Exports(), a.Name) {
			_, sure := oldName(path)
			p.imported(a.Offset, "from "+written+" import "+a.Name, sure)
		}
		name := a.As
		if name == "" {
			name = a.Name
		}
		s.set(name, ref(path))
	}
}

func (p *pyFile) importAll(base string, s *pyScope) {
	if _, ok := old.IsModule(base); !ok {
		return
	}
	for _, name := range old.Exports() {
		s.set(name, ref(base+"."+name))
	}
}

// resolve is the dotted name of the module that things are imported from.
func (p *pyFile) resolve(n *tree.ImportFrom) string {
	if n.Level == 0 {
		return n.Module
	}
	parts := strings.Split(p.pkg, ".")
	if up := n.Level - 1; up < len(parts) {
		parts = parts[:len(parts)-up]
	} else {
		parts = []string{"?"} // above the package
	}
	base := strings.Join(parts, ".")
	if n.Module != "" {
		base += "." + n.Module
	}
	return base
}
