package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// makeTargets are the names in the Makefile and in what it includes.
func makeTargets(root string) (map[string]bool, error) {
	files, err := makefiles(root)
	if err != nil {
		return nil, err
	}
	targets := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, match := range regexp.MustCompile(`(?m)^([a-z][a-z-]*):`).FindAllSubmatch(text, -1) {
			targets[string(match[1])] = true
		}
	}
	return targets, nil
}

// checkCommands looks at what is to be typed: the shell has to understand it, and targets and paths
// have to be there.
func checkCommands(ctx context.Context, root string, p *page, targets map[string]bool) []problem {
	var problems []problem
	for _, f := range p.fences {
		if f.language != "sh" {
			continue
		}
		if err := shellSyntax(ctx, f.text); err != nil {
			problems = append(problems, problem{p.file, f.line, fmt.Sprintf("block of \"sh\": %v", err)})
		}
		for number, line := range strings.Split(f.text, "\n") {
			line, _, _ = strings.Cut(line, "#")
			for _, text := range append(unknownTargets(line, targets), missingPaths(root, p, line)...) {
				problems = append(problems, problem{p.file, f.line + number, text})
			}
		}
	}
	for _, s := range p.spans {
		texts := unknownTargets(s.text, targets)
		if p.file != "CHANGELOG.md" { // which tells of what is gone, too
			texts = append(texts, missingPath(root, s.text)...)
		}
		for _, text := range texts {
			problems = append(problems, problem{p.file, s.line, text})
		}
	}
	return problems
}

// shellSyntax has the shell read commands without running them.
func shellSyntax(ctx context.Context, text string) error {
	cmd := exec.CommandContext(ctx, "sh", "-n")
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(text), &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return nil
}

// unknownTargets are what make is told to make and can't.
func unknownTargets(line string, targets map[string]bool) []string {
	var texts []string
	for _, target := range targetsOf(line) {
		if !targets[target] {
			texts = append(texts, fmt.Sprintf("the Makefile has no target %q", target))
		}
	}
	return texts
}

// targetsOf are what make is told to make in a line: the words behind it that are no flag and no setting.
func targetsOf(line string) []string {
	var targets []string
	for _, match := range regexp.MustCompile(`(?:^|[\s;&|(@+"'])make((?:\s+[-\w]+)+)(\S?)`).FindAllStringSubmatch(line, -1) {
		words := strings.Fields(match[1])
		if match[2] == "=" {
			words = words[:len(words)-1] // the name of a setting
		}
		for _, word := range words {
			if !strings.HasPrefix(word, "-") {
				targets = append(targets, word)
			}
		}
	}
	return targets
}

// missingPaths looks for the relative paths among the words of a command: in the root or the folder that
// the command changes to by -C, beside the page, or in a folder above the page.
func missingPaths(root string, p *page, line string) []string {
	var texts []string
	changed := ""
	if match := regexp.MustCompile(`\s-C\s+(\S+)`).FindStringSubmatch(line); match != nil {
		changed = match[1]
	}
	for word := range strings.FieldsSeq(line) {
		word = strings.Trim(word, `"';`)
		if !regexp.MustCompile(`^(\./)?[\w.-]+(/[\w.-]+)*/?$`).MatchString(word) || !strings.Contains(word, "/") || strings.HasPrefix(word, "..") {
			continue
		}
		found := exists(root, word) || exists(root, path.Join(changed, word))
		for dir := path.Dir(p.file); dir != "." && !found; dir = path.Dir(dir) {
			found = exists(root, path.Join(dir, word))
		}
		if !found {
			texts = append(texts, fmt.Sprintf("there is no %s, neither beside this page nor above", word))
		}
	}
	return texts
}

// missingPath is about code that is a path in the repository as a whole: it begins with one of its folders.
func missingPath(root, code string) []string {
	first, _, found := strings.Cut(code, "/")
	if !found || first == "" || !regexp.MustCompile(`^[\w./*-]+$`).MatchString(code) || !exists(root, first) {
		return nil
	}
	if matches, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(code))); err == nil && len(matches) > 0 {
		return nil
	}
	return []string{fmt.Sprintf("there is no %s", code)}
}

func exists(root, file string) bool {
	_, err := os.Stat(filepath.Join(root, filepath.FromSlash(file)))
	return err == nil
}
