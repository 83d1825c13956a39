package find

import (
	"regexp"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// Makefile finds what the recipes of a makefile run on workflows. Recipes are read line by line;
// one that is no shell, because make builds it from variables, is passed over.
func Makefile(text string) ([]old.Finding, error) {
	c := newCollector(text)
	vars := map[string]string{}
	assignment := regexp.MustCompile(`^([\w.-]+)\s*[:?]*=\s*(.*)$`)
	offset := 0
	for logical := range logicalLines(text, `\`) {
		recipe, isRecipe := strings.CutPrefix(logical, "\t")
		if !isRecipe {
			if m := assignment.FindStringSubmatch(strings.TrimRight(logical, "\r\n")); m != nil {
				vars[m[1]] = strings.TrimSpace(m[2])
			}
			offset += len(logical)
			continue
		}
		script := strings.TrimLeft(recipe, " \t@+-")
		at := offset + len(logical) - len(script)
		expanded := makeExpanded(script, vars)
		// A recipe's error says nothing about the makefile: make may not run it as it stands.
		_ = eachCommand(expanded, func(found command) {
			for _, u := range process(found.words) {
				c.add(at+sameLine(script, expanded, found.offset), u.Weaken(found.sure))
			}
		})
		offset += len(logical)
	}
	return c.sorted(), nil
}

// logicalLines yields lines with those that they go on in, line breaks and all.
func logicalLines(text, goesOn string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		whole := ""
		for line := range strings.Lines(text) {
			whole += line
			if strings.HasSuffix(strings.TrimRight(line, "\r\n"), goesOn) {
				continue
			}
			if !yield(whole) {
				return
			}
			whole = ""
		}
		if whole != "" {
			yield(whole)
		}
	}
}

// makeExpanded fills in make's variables where they are constant, and unknown text where not.
func makeExpanded(script string, vars map[string]string) string {
	reference := regexp.MustCompile(`\$\$|\$\(([^()$]*)\)|\$\{([^{}$]*)\}|\$[\w@<^?*+%|]`)
	return reference.ReplaceAllStringFunc(script, func(match string) string {
		if match == "$$" {
			return "$"
		}
		name := strings.Trim(match, "$(){}")
		if value, ok := vars[name]; ok && !strings.Contains(value, "$") {
			return value
		}
		return old.Unknown
	})
}

// sameLine is the beginning of the line of a script that the offset is in after expansion, which
// changes the length of lines, not their number.
func sameLine(script, expanded string, offset int) int {
	expanded = strings.ReplaceAll(expanded, old.Unknown, unknownInScript)
	start := 0
	for range strings.Count(expanded[:min(offset, len(expanded))], "\n") {
		start += strings.IndexByte(script[start:], '\n') + 1
	}
	return start + len(script[start:]) - len(strings.TrimLeft(script[start:], " \t@+-"))
}
