package spec

import "strings"

// parameterReads are the parameters of its workflow that a template reads without declaring them, as
// {{workflow.parameters.name}} or within an expression.
type parameterReads struct {
	names map[string]bool
	all   bool // it reads all of them at once, or by names that it computes
}

func (r *parameterReads) has(name string) bool { return r.all || r.names[name] }

// addFrom adds the parameters that a value of an unstructured object reads.
func (r *parameterReads) addFrom(value any) {
	switch v := value.(type) {
	case string:
		r.addFromString(v, false)
	case []any:
		for _, item := range v {
			r.addFrom(item)
		}
	case map[string]any:
		for key, item := range v {
			r.addFromString(key, false)
			if s, isString := item.(string); isString && key == "expression" {
				r.addFromString(s, true)
				continue
			}
			r.addFrom(item)
		}
	}
}

// addFromString adds the parameters that a string reads. Either the whole string is an expression,
// or what is between {{= and }}.
func (r *parameterReads) addFromString(s string, isExpression bool) {
	within := false
	for {
		before, rest, found := strings.Cut(s, "workflow")
		if !found {
			return
		}
		if opened, closed := strings.LastIndex(before, "{{="), strings.LastIndex(before, "}}"); max(opened, closed) >= 0 {
			within = opened > closed
		}
		member, after, computed := selected(rest)
		switch {
		case computed, member == "" && ((isExpression || within) && isWord(before, rest) || strings.HasSuffix(before, "(")):
			r.all = true // a computed member may be the parameters, and the whole workflow has them
		case member == "parameters":
			r.addSelected(after)
		}
		s = rest
	}
}

// isWord reports whether what is between two strings is a word of its own. It looks at one letter
// of each only: a string can consist of such words.
func isWord(before, after string) bool {
	begins := before == "" || strings.IndexByte(parameterNameLetters+".", before[len(before)-1]) < 0
	ends := after == "" || strings.IndexByte(parameterNameLetters, after[0]) < 0
	return begins && ends
}

// addSelected adds the parameter that an expression selects of all. rest is what follows
// workflow.parameters.
func (r *parameterReads) addSelected(rest string) {
	const mostDashes = 32
	name, _, computed := selected(rest)
	if computed || name == "" || name == "json" || strings.Count(name, "-") > mostDashes {
		r.all = true
		return
	}
	if r.names == nil {
		r.names = map[string]bool{}
	}
	r.names[name] = true
	for i, letter := range name { // in an expression, a-b is a difference
		if letter == '-' {
			r.names[name[:i]] = true
		}
	}
}

// selected returns the name of the member that an expression selects with .name, ?.name, ["name"]
// or ['name'], and what follows. computed means that it selects a member by something else.
func selected(expression string) (name, rest string, computed bool) {
	const space = " \t\n"
	expression = strings.TrimPrefix(strings.TrimLeft(expression, space), "?")
	expression, dotted := strings.CutPrefix(expression, ".")
	expression = strings.TrimLeft(expression, space)
	if inner, indexed := strings.CutPrefix(expression, "["); indexed {
		inner = strings.TrimLeft(inner, space)
		if inner == "" || !strings.ContainsAny(inner[:1], "\"'`") {
			return "", inner, true
		}
		name, rest, _ = strings.Cut(inner[1:], inner[:1])
		return name, rest, false
	}
	if !dotted {
		return "", expression, false
	}
	rest = strings.TrimLeft(expression, parameterNameLetters)
	return expression[:len(expression)-len(rest)], rest, false
}
