package find

import (
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// guessed looks at the arguments of a call of a function that isn't known, in any language: a
// program that is followed by its arguments is probably run, a whole command in one text is if
// the function's name says so.
func guessed(function string, args [][]string) []old.Use {
	if onlyShows(function) {
		return nil
	}
	var words []string
	for _, arg := range args {
		words = append(words, arg...)
	}
	for i, word := range words {
		if name := programName(word); name == "kubectl" || name == "argo" {
			if found := weakened(process(words[i:]), old.Likely); len(found) > 0 {
				return found
			}
		}
	}
	if !runsCommands(function) {
		return nil
	}
	for _, arg := range args {
		if len(arg) == 1 {
			if found := weakened(script(arg[0], 0), old.Possible); len(found) > 0 {
				return found
			}
		}
	}
	return nil
}

// weakened makes uses at most as sure as that. What is vague is none if it isn't certain to run.
func weakened(uses []old.Use, most old.Sure) []old.Use {
	var kept []old.Use
	for _, u := range uses {
		if u = u.Weaken(most); !u.Vague || u.Sure == old.Certain {
			kept = append(kept, u)
		}
	}
	return kept
}

// onlyShows reports whether a function's name says that its arguments are for people.
func onlyShows(function string) bool {
	name := strings.ToLower(function)
	for _, part := range []string{"print", "log", "warn", "error", "fatal", "echo", "debug", "assert", "equal", "raise", "exception", "help", "usage", "message", "contains"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	switch name {
	case "info", "write", "writestring", "describe", "it", "skip", "fail", "secho", "format", "sprintf", "errorf", "new":
		return true
	}
	return false
}

// runsCommands reports whether a function's name says that it runs something.
func runsCommands(function string) bool {
	name := strings.ToLower(function)
	for _, part := range []string{"run", "exec", "cmd", "command", "shell", "popen", "spawn", "system", "subprocess", "output", "invoke", "bash", "local"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return name == "sh" || name == "call"
}
