package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// ciScript runs all that a change has to pass.
const ciScript = ".ci/run"

// runByCI are the targets that the script makes, directly or by other targets, and the text of all
// that it runs: the script and the makefiles. A repository without the script has nil.
func runByCI(root string) (targets map[string]bool, text string, err error) {
	script, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(ciScript)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	files, err := makefiles(root)
	if err != nil {
		return nil, "", err
	}
	makes := map[string][]string{}
	text = withoutComments(string(script))
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, "", err
		}
		readRules(withoutComments(string(source)), makes)
		text += string(source)
	}
	targets = map[string]bool{}
	queue := targetsOf(withoutComments(string(script)))
	for len(queue) > 0 {
		target := queue[0]
		queue = queue[1:]
		if !targets[target] {
			targets[target] = true
			queue = append(queue, makes[target]...)
		}
	}
	return targets, text, nil
}

func withoutComments(source string) string {
	return regexp.MustCompile(`(?m)(^|\s)@?#.*$`).ReplaceAllString(source, "")
}

// readRules adds, for each target, what it makes: its prerequisites, and what its recipe calls make for.
func readRules(source string, makes map[string][]string) {
	source = strings.ReplaceAll(source, "\\\n", " ")
	source = strings.ReplaceAll(source, "$(MAKE)", "make")
	var target string
	for line := range strings.Lines(source) {
		line = strings.TrimRight(line, "\n")
		switch rule := regexp.MustCompile(`^([a-z][a-z-]*)::?(?:[^=]|$)(.*)$`).FindStringSubmatch(line); {
		case rule != nil:
			target = rule[1]
			makes[target] = append(makes[target], strings.Fields(rule[2])...)
		case strings.HasPrefix(line, "\t"):
			makes[target] = append(makes[target], targetsOf(line)...)
		}
	}
}

// checkRun finds targets and scripts that a page names and CI never runs: such a command can break,
// and nobody notices.
func checkRun(root string, p *page, targets map[string]bool, text string) []problem {
	if targets == nil || p.file == "CHANGELOG.md" {
		return nil
	}
	var problems []problem
	check := func(line int, code string) {
		for _, target := range targetsOf(code) {
			if !targets[target] {
				problems = append(problems, problem{p.file, line, fmt.Sprintf("%s runs `make %s` in no form", ciScript, target)})
			}
		}
		if script := scriptIn(root, code); script != "" && !strings.Contains(text, script) {
			problems = append(problems, problem{p.file, line, fmt.Sprintf("%s runs %s in no form", ciScript, script)})
		}
	}
	for _, f := range p.fences {
		if f.language == "sh" {
			for number, line := range strings.Split(f.text, "\n") {
				line, _, _ = strings.Cut(line, "#")
				check(f.line+number, line)
			}
		}
	}
	for _, s := range p.spans {
		check(s.line, s.text)
	}
	return problems
}

// scriptIn is the executable file of the repository that a command runs, or "".
func scriptIn(root, code string) string {
	words := strings.Fields(code)
	if len(words) == 0 || !strings.Contains(words[0], "/") || filepath.IsAbs(words[0]) || words[0] == ciScript {
		return ""
	}
	info, err := os.Stat(filepath.Join(root, filepath.FromSlash(words[0])))
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o100 == 0 {
		return ""
	}
	return words[0]
}

// makefiles are the Makefile and what it includes.
func makefiles(root string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(root, "*", "*", "*.mk"))
	return slices.Concat(files, []string{filepath.Join(root, "Makefile")}), err
}
