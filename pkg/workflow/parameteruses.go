package workflow

import "strings"

// parameterUses are the parameters of its workflow that a template reads without declaring them, as
// {{workflow.parameters.name}} or within an expression.
type parameterUses struct {
	names map[string]bool
	all   bool // it reads all of them at once, or by names that it computes
}

func (u *parameterUses) has(name string) bool { return u.all || u.names[name] }

// within adds those of a value of an unstructured object.
func (u *parameterUses) within(value any) {
	switch v := value.(type) {
	case string:
		u.read(v, false)
	case []any:
		for _, item := range v {
			u.within(item)
		}
	case map[string]any:
		for key, item := range v {
			u.read(key, false)
			if text, isText := item.(string); isText && key == "expression" {
				u.read(text, true)
				continue
			}
			u.within(item)
		}
	}
}

// read adds those of a text. isExpression: all of it is one; else those are that stand between {{= and }}.
func (u *parameterUses) read(text string, isExpression bool) {
	within := false
	for {
		before, rest, found := strings.Cut(text, "workflow")
		if !found {
			return
		}
		if opened, closed := strings.LastIndex(before, "{{="), strings.LastIndex(before, "}}"); max(opened, closed) >= 0 {
			within = opened > closed
		}
		member, after, computed := selected(rest)
		switch {
		case computed, member == "" && ((isExpression || within) && isWord(before, rest) || strings.HasSuffix(before, "(")):
			u.all = true // of which this may be one, or which has all
		case member == "parameters":
			u.parameter(after)
		}
		text = rest
	}
}

// isWord reports whether what stands between two texts is a word of its own. It looks at no more of them
// than that takes: a text can consist of such words.
func isWord(before, after string) bool {
	begins := before == "" || strings.IndexByte(parameterNameLetters+".", before[len(before)-1]) < 0
	ends := after == "" || strings.IndexByte(parameterNameLetters, after[0]) < 0
	return begins && ends
}

// parameter adds the one that is selected of the parameters.
func (u *parameterUses) parameter(rest string) {
	const mostDifferences = 32
	name, _, computed := selected(rest)
	if computed || name == "" || name == "json" || strings.Count(name, "-") > mostDifferences {
		u.all = true
		return
	}
	if u.names == nil {
		u.names = map[string]bool{}
	}
	u.names[name] = true
	for i, letter := range name { // in an expression, a-b is a difference
		if letter == '-' {
			u.names[name[:i]] = true
		}
	}
}

// selected reads what an expression selects of a value: .name, ?.name, ["name"] or ['name'].
// computed: it selects by something else than a name.
func selected(text string) (name, rest string, computed bool) {
	const space = " \t\n"
	text = strings.TrimPrefix(strings.TrimLeft(text, space), "?")
	text, dotted := strings.CutPrefix(text, ".")
	text = strings.TrimLeft(text, space)
	if inner, indexed := strings.CutPrefix(text, "["); indexed {
		inner = strings.TrimLeft(inner, space)
		if inner == "" || !strings.ContainsAny(inner[:1], "\"'`") {
			return "", inner, true
		}
		name, rest, _ = strings.Cut(inner[1:], inner[:1])
		return name, rest, false
	}
	if !dotted {
		return "", text, false
	}
	rest = strings.TrimLeft(text, parameterNameLetters)
	return text[:len(text)-len(rest)], rest, false
}
