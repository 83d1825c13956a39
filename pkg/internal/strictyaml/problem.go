package strictyaml

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// problemOf says what is wrong with a document, and in which line. The YAML library's errors can
// show values, so only those messages are passed on that are known to show none, or just a key.
func problemOf(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:")
	lines := regexp.MustCompile(`^(?:line (\d+): )?((?s).*)$`)
	var problems []string
	const most = 20 // there can be one for each line
	said := strings.SplitN(strings.TrimSpace(text), "\n", most+1)
	for _, problem := range said[:min(len(said), most)] {
		parts := lines.FindStringSubmatch(strings.TrimSpace(problem))
		line, _ := strconv.Atoi(parts[1]) // 0: none
		switch {
		case slices.Contains(parserProblems(), parts[2]):
			line++ // the library counts from 0 for these
		case line == 0 && slices.Contains(scannerProblems(), parts[2]):
			line = 1 // which it leaves out
		}
		told := knownProblem(parts[2])
		if line > 0 {
			told = fmt.Sprintf("line %d: %s", line, told)
		}
		if !slices.Contains(problems, told) {
			problems = append(problems, told)
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
		return "has a key twice" // of which a value may be a part, as in {password:x}
	}
	for begin, instead := range map[string]string{
		"invalid map key":             `has a map or a list as a key; quote texts that begin with {, such as "{{…}}"`,
		"unsupported map key of type": "has a key that is no text",
		"unknown anchor":              "has an alias of no anchor; quote texts that begin with *",
		"cannot decode":               "has a value that its tag does not allow",
	} {
		if strings.HasPrefix(text, begin) {
			return instead
		}
	}
	return "is no valid YAML"
}

// ofKey is a text that shows a key, or another one if that is as long as no key is meant to be.
func ofKey(text, long string) string {
	const most = 256
	if len(text) > most {
		return long
	}
	return text
}

// Texts of go.yaml.in/yaml/v2 that show nothing of the text they are about.

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
