package old

import "strings"

// options are a command's words, told apart.
type options struct {
	words  []string            // neither flags nor their values
	flags  map[string][]string // by name without dashes; one without a value has ""
	behind []string            // what is behind "--"
	hasEnd bool                // there was a "--"
}

// parseOptions tells flags from words. Which flags take the next word as their value has to be
// known; of short ones, the rest of the word counts first.
func parseOptions(args []string, takesValue func(name string) bool) options {
	o := options{flags: map[string][]string{}}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		name, value, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case arg == "--":
			o.behind, o.hasEnd = args[i+1:], true
			return o
		case !strings.HasPrefix(arg, "-") || arg == "-":
			o.words = append(o.words, arg)
			continue
		case !strings.HasPrefix(arg, "--") && len(name) > 1 && takesValue(name[:1]):
			name, value, given = name[:1], strings.TrimPrefix(strings.TrimLeft(arg, "-")[1:], "="), true
		}
		if !given && takesValue(name) && i+1 < len(args) {
			i++
			value = args[i]
		}
		o.flags[name] = append(o.flags[name], value)
	}
	return o
}

// has reports whether one of the flags is given.
func (o options) has(names ...string) bool {
	for _, name := range names {
		if values, given := o.flags[name]; given && values[len(values)-1] != "false" {
			return true
		}
	}
	return false
}

// value is what was last given to one of the flags; "": nothing.
func (o options) value(names ...string) string {
	for _, name := range names {
		if values := o.flags[name]; len(values) > 0 {
			return values[len(values)-1]
		}
	}
	return ""
}

func anyOf(name string, lists ...string) bool {
	for _, list := range lists {
		for one := range strings.FieldsSeq(list) {
			if one == name {
				return true
			}
		}
	}
	return false
}
