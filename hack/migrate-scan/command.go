package main

import (
	"path"
	"slices"
	"strings"
)

// unknown stands, in the words of a command, for what is known only when it runs.
const unknown = "…"

// Limits of what is remembered of a command and followed from one shell to the next.
const (
	maxWords  = 64
	maxText   = 4096
	maxShells = 5
)

// value is what is known of an expression: its words, if it can be a command or one string, and in
// Python what it is. Its kind is "class", "object", "method", "result", "field" (of a result),
// "error" or "phases" of the old API, "path" for another import, "none", "other" for anything else,
// and empty if it is not known.
type value struct {
	kind, name string
	unsure     bool
	imported   bool     // by this name
	words      []string // nil: not known
	lists      []int    // the literals that the words are from
	on         []string // of an attribute: the words of its object
	parts      []value  // of a tuple
}

// text returns the value's words.
func (v value) text() []string {
	if v.words == nil {
		return []string{unknown}
	}
	return v.words
}

// and returns the words of two values.
func (v value) and(w value) value {
	lists := slices.Concat(v.lists, w.lists)
	return value{words: bounded(slices.Concat(v.text(), w.text())), lists: lists[:min(len(lists), maxWords)]}
}

// joined returns a string that consists of the value's words.
func (v value) joined(separator string) value {
	v.words = bounded([]string{strings.Join(v.text(), separator)})
	return v
}

func (v value) isOld() bool {
	return slices.Contains([]string{"class", "object", "method", "result", "error"}, v.kind)
}

// as returns a value of another kind that is as sure.
func (v value) as(kind string) value { return value{kind: kind, name: v.name, unsure: v.unsure} }

// bounded returns words without what exceeds the limits, since values can double in each line.
func bounded(all []string) []string {
	all = slices.Clone(all[:min(len(all), maxWords)])
	for i, word := range all {
		all[i] = strings.ToValidUTF8(word[:min(len(word), maxText)], "")
	}
	return all
}

func isProgram(name string) bool { return name == "kubectl" || name == "argo" || name == "oc" }

// base returns the name of a program without its folder and Windows's extension.
func base(word string) string {
	if strings.ContainsAny(word, " \n") { // a whole command
		return word
	}
	return strings.TrimSuffix(path.Base(strings.ReplaceAll(word, `\`, "/")), ".exe")
}

// run finds the commands among the arguments of a call, each the words of a list or one string.
// Callee is the full name of the function if its import is known, and its last name otherwise.
func (s *scanner) run(offset int, callee string, args []value) {
	certain := s.is("runs", callee)
	name := lastName(callee)
	if !certain && s.is("shows", name) {
		return
	}
	var words []string
	for _, arg := range args {
		if text := arg.text(); len(text) == 1 && strings.ContainsAny(text[0], " \n") && (certain || s.is("executes", name)) &&
			s.addAll(offset, s.inText(text[0], 0), !certain) {
			return
		}
		words = bounded(append(words, arg.text()...))
	}
	program := slices.IndexFunc(words, func(word string) bool { return isProgram(base(word)) })
	if !certain || strings.HasSuffix(name, "Context") && program == 1 { // run(ctx, "kubectl", …)
		words = words[max(program, 0):]
	}
	if program < 0 && !certain || !s.addAll(offset, s.process(words, 0), !certain) {
		return
	}
	for _, arg := range args {
		for _, list := range arg.lists {
			s.literals[list] = nil
		}
	}
}

// literal remembers a list of words, which can be a command that is run elsewhere.
func (s *scanner) literal(offset int, words []string) []int {
	if _, seen := s.literals[offset]; !seen && len(words) > 1 && isProgram(base(words[0])) {
		s.literals[offset] = words
	}
	return []int{offset}
}

// process finds what a process with these words runs on workflows, itself or through others.
func (t *table) process(all []string, depth int) (uses []use) {
	for len(all) > 0 && t.is("assignment", all[0]) {
		all = all[1:]
	}
	if len(all) == 0 || depth > maxShells || t.is("speaks", base(all[0])) {
		return nil
	}
	first := base(all[0])
	for i, word := range all {
		name, rest := base(word), all[i+1:]
		switch {
		case isProgram(name) && len(rest) > 0 && base(rest[0]) == name: // exec's name of the program, and its own
			continue
		case isProgram(name):
			if uses = t.command(name, rest, depth); len(uses) == 0 {
				return nil
			}
		case i > 0 && strings.ContainsAny(word, " \n"): // of a shell, of ssh, or of a wrapper
			uses = t.inText(word, depth+1)
		}
		if len(uses) > 0 {
			for at := range uses {
				uses[at].Maybe = uses[at].Maybe || i > 0 && first != name && !t.is("interpreter", first)
			}
			return uses
		}
	}
	return nil
}

// inText finds what a shell script in a string runs.
func (t *table) inText(text string, depth int) (uses []use) {
	if depth <= maxShells && (strings.Contains(text, "kubectl") || strings.Contains(text, "argo")) {
		_ = t.commands(text, depth, nil, func(_ int, u use) { uses = append(uses, u) }) // a string that is not a script has no commands
	}
	return uses
}

// command finds what kubectl or argo do with these arguments, or what kubectl runs in a pod. The
// table's expressions match the arguments as "verb kind NAME --flag=value": the kind is workflow,
// template or other, NAME stands for any name, flags are sorted by name.
func (t *table) command(program string, args []string, depth int) []use {
	if program == "oc" {
		program = "kubectl"
	}
	words, flags, behind := t.options(program, args)
	if len(words) == 0 {
		return nil
	}
	verb, resource, file, form := words[0], "", "", words[0]
	if program == "kubectl" && strings.HasPrefix(verb, "log") {
		words, flags, _ = t.options("kubectl logs", args) // where -f is to follow, and -p to look back
	}
	if program == "kubectl" && len(words) > 1 {
		kind, named := " other", len(words) > 2
		for one := range strings.SplitSeq(words[1], ",") {
			one, _, slash := strings.Cut(one, "/")
			if resource == "" || t.is("workflow", strings.ToLower(one)) {
				resource, named = one, named || slash
			}
		}
		for _, known := range []string{"workflow", "template"} {
			if t.is(known, strings.ToLower(resource)) {
				kind = " " + known
			}
		}
		if form += kind; named {
			form += " NAME"
		}
	}
	slices.SortStableFunc(flags, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	for _, flag := range flags {
		form += " --" + flag[0] + "=" + flag[1]
		if (flag[0] == "f" || flag[0] == "filename") && resource == "" && program == "kubectl" {
			file = "-f " + flag[1]
		}
	}
	if r, ok := t.find(program, form); ok {
		return []use{{r, program + " " + verb + " " + resource + file}}
	}
	if len(behind) > 0 && strings.Contains(strings.Join(args, " "), "argocli") && !isProgram(base(behind[0])) {
		behind = append([]string{"argo"}, behind...) // as the old API ran it
	}
	return t.process(behind, depth+1)
}

// options divides the arguments of a command into words, flags with values, and what is behind "--".
// The table says which flags take the next argument as their value; of a short flag, the rest of
// the argument comes first.
func (t *table) options(program string, args []string) (words []string, flags [][2]string, behind []string) {
	values := strings.Fields(t.Values[program])
	for i := 0; i < len(args); i++ {
		arg := args[i]
		name, value, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case arg == "--":
			return words, flags, args[i+1:]
		case !strings.HasPrefix(arg, "-") || arg == "-":
			words = append(words, arg)
			continue
		case !strings.HasPrefix(arg, "--") && len(name) > 1 && slices.Contains(values, name[:1]):
			name, value, given = name[:1], strings.TrimPrefix(arg[2:], "="), true
		}
		if !given && i+1 < len(args) && slices.Contains(values, name) {
			i++
			value = args[i]
		}
		if value != "false" {
			flags = append(flags, [2]string{name, value})
		}
	}
	return words, flags, nil
}
