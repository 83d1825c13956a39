package strictyaml

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// problemOf says what is wrong with a document and in which line. Errors of the YAML library can
// show values, so it only passes on messages that are known to show nothing, or a key at most.
func problemOf(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:")
	lines := regexp.MustCompile(`^(?:line (\d+): )?((?s).*)$`)
	var problems []string
	const most = 20 // there can be an error for each line
	said := strings.SplitN(strings.TrimSpace(text), "\n", most+1)
	for _, problem := range said[:min(len(said), most)] {
		parts := lines.FindStringSubmatch(strings.TrimSpace(problem))
		line, _ := strconv.Atoi(parts[1]) // 0 if unknown
		switch {
		case slices.Contains(parserProblems(), parts[2]):
			line++ // the library counts these from 0
		case line == 0 && slices.Contains(scannerProblems(), parts[2]):
			line = 1 // the library omits line 1 for these
		}
		known := knownProblem(parts[2])
		if line > 0 {
			known = fmt.Sprintf("line %d: %s", line, known)
		}
		if !slices.Contains(problems, known) {
			problems = append(problems, known)
		}
	}
	if len(said) > most {
		problems = append(problems, "and more")
	}
	return strings.Join(problems, "; ")
}

func knownProblem(text string) string {
	fixed := slices.Concat(parserProblems(), scannerProblems(), otherProblems())
	if slices.Contains(fixed, text) {
		return text
	}
	if regexp.MustCompile(`^key "[\w.-]*" already set in map$`).MatchString(text) {
		return ofKey(text, "has a long key twice")
	}
	if regexp.MustCompile(`^(?s)key ".*" already set in map$`).MatchString(text) {
		return "has a key twice" // the key may contain a value, as in {password:x}
	}
	for begin, instead := range map[string]string{
		"invalid map key":             `has a map or a list as a key; quote strings that begin with {, such as "{{…}}"`,
		"unsupported map key of type": "has a key that is not a string",
		"unknown anchor":              "has an alias without an anchor; quote strings that begin with *",
		"cannot decode":               "has a value that its tag does not allow",
	} {
		if strings.HasPrefix(text, begin) {
			return instead
		}
	}
	return "is not valid YAML"
}

// ofKey returns text, which shows a key, or long if the key is too long to be shown.
func ofKey(text, long string) string {
	const most = 256
	if len(text) > most {
		return long
	}
	return text
}

// The messages of go.yaml.in/yaml/v2 that show nothing of the document.

func parserProblems() []string {
	return []string{
		"did not find expected ',' or ']'",
		"did not find expected ',' or '}'",
		"did not find expected '-' indicator",
		"did not find expected <document start>",
		"did not find expected key",
		"did not find expected node content",
		"found undefined tag handle",
	}
}

func scannerProblems() []string {
	return []string{
		"block mapping entries are not allowed in this context",
		"block sequence entries are not allowed in this context",
		"could not find expected ':'",
		"did not find expected alphabetic or numeric character",
		"did not find expected comment or line break",
		"did not find expected whitespace or line break",
		"found a tab character that violates indentation",
		"found character that cannot start any token",
		"found unexpected document indicator",
		"found unexpected end of stream",
		"found unknown escape character",
		"mapping keys are not allowed in this context",
		"mapping values are not allowed in this context",
	}
}

func otherProblems() []string {
	return []string{
		"control characters are not allowed",
		"document contains excessive aliasing",
		"incomplete UTF-8 octet sequence",
		"invalid leading UTF-8 octet",
		"invalid trailing UTF-8 octet",
	}
}
