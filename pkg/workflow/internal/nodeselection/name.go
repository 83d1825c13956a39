package nodeselection

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// MaxNames is the maximum number of names in a field of a request. Each of them may be a pattern,
// which is compared with every node.
const MaxNames = 1_000

// Name is what a caller selects nodes by: the ID of a node, a display name, or a shell pattern of
// display names.
type Name struct {
	text    string
	pattern pattern // nil if text has no special characters, and so matches only itself
}

// ParseName parses a name. It returns an error if text is a malformed pattern.
func ParseName(text string) (Name, error) {
	if !strings.ContainsAny(text, `*?[\`) {
		return Name{text: text}, nil
	}
	p, err := parsePattern(text)
	return Name{text: text, pattern: p}, err
}

// ParseNames parses the names in a field of a request. It also refuses empty names, more than
// [MaxNames], and a list that is empty but not nil: a caller whose filter matched nothing does not
// mean everything.
func ParseNames(path *field.Path, texts []string) ([]Name, field.ErrorList) {
	if len(texts) > MaxNames {
		return nil, field.ErrorList{field.TooMany(path, len(texts), MaxNames)}
	}
	var problems field.ErrorList
	if texts != nil && len(texts) == 0 {
		problems = append(problems, field.Required(path, "at least one name, ID or pattern; leave it nil to select by another field"))
	}
	names := make([]Name, len(texts))
	for i, text := range texts {
		var err error
		names[i], err = ParseName(text)
		switch {
		case text == "":
			problems = append(problems, field.Required(path.Index(i), "a name, an ID or a pattern such as shard-*"))
		case err != nil:
			problems = append(problems, field.Invalid(path.Index(i), text, "must be a name, an ID or a pattern such as shard-*: "+err.Error()))
		}
	}
	return names, problems
}

// String returns the name as the caller wrote it.
func (n Name) String() string { return n.text }

// Matches reports whether a display name is n, or matches it as a pattern.
func (n Name) Matches(displayName string) bool {
	return displayName == n.text || n.pattern != nil && n.pattern.matches(displayName)
}
