package main

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

const ciScript = ".ci/run"

// checkCode looks up what pages have as code: make targets, tests such as TestX, and exported names such
// as workflow.ErrConflict and Options.RetryFor. A target that CI does not run can break unnoticed.
func (r *repository) checkCode() {
	makes, run := r.targets()
	for file, p := range r.pages {
		if file == "CHANGELOG.md" {
			continue // it mentions what is deleted, too
		}
		for _, code := range p.code {
			if r.lacks(code) {
				r.report(file, code, "there is no %s", code)
			}
			for _, target := range targetsIn(strings.ReplaceAll(code, "\n", " ")) {
				if _, found := makes[target]; !found {
					r.report(file, code, "the Makefile has no target %q", target)
				} else if !run[target] {
					r.report(file, code, "%s does not run make %s in any form", ciScript, target)
				}
			}
		}
	}
}

// targets returns what each target of the makefiles makes, and which targets CI runs.
func (r *repository) targets() (makes map[string][]string, run map[string]bool) {
	comment := regexp.MustCompile(`(?m)(^|\s)@?#.*$`)
	rule := regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*)::?([^=\n]*)\n((?:\t.*\n|\n)*)`)
	makes, run = map[string][]string{}, map[string]bool{}
	for file, text := range r.files {
		if file != "Makefile" && path.Ext(file) != ".mk" {
			continue
		}
		text = strings.NewReplacer("\\\n", " ", "$(MAKE)", "make").Replace(comment.ReplaceAllString(text, ""))
		for _, match := range rule.FindAllStringSubmatch(text, -1) {
			makes[match[1]] = slices.Concat(makes[match[1]], strings.Fields(match[2]), targetsIn(match[3]))
		}
	}
	for queue := targetsIn(comment.ReplaceAllString(r.files[ciScript], "")); len(queue) > 0; queue = queue[1:] {
		if target := queue[0]; !run[target] {
			run[target] = true
			queue = append(queue, makes[target]...)
		}
	}
	return makes, run
}

// targetsIn returns the targets of the calls of make in a command.
func targetsIn(code string) (targets []string) {
	for _, match := range regexp.MustCompile(`\bmake((?: +[a-z-][a-z0-9-]*)+)`).FindAllStringSubmatch(code, -1) {
		isFlag := func(word string) bool { return word[0] == '-' }
		targets = append(targets, slices.DeleteFunc(strings.Fields(match[1]), isFlag)...)
	}
	return targets
}

var (
	testName = regexp.MustCompile(`^(?:Test|Fuzz|Benchmark)[A-Z]\w*$`)
	apiName  = regexp.MustCompile(`^[*&]*(?:([a-z]\w*)\.)?([A-Z]\w*)(?:\.([A-Z]\w*))?(?:\(\))?$`)
)

// lacks reports whether the name of a test or an exported name does not exist. Names of packages that
// are not in docs/api exist.
func (r *repository) lacks(name string) bool {
	if testName.MatchString(name) {
		return !strings.Contains(r.tests, "\nfunc "+name+"(")
	}
	match := apiName.FindStringSubmatch(name)
	if match == nil || match[1] == "" && match[3] == "" {
		return false
	}
	known := false
	for _, l := range r.libraries {
		if match[1] == "" || match[1] == l.name {
			if l.has(match[2], match[3]) {
				return false
			}
			known = known || match[1] != "" || l.has(match[2], "")
		}
	}
	return known
}

// library is a public package, as its file in docs/api describes it.
type library struct{ file, api, name, path string }

// has reports whether the package exports a name, and that a field or method if member is not empty.
// A type that embeds another one is taken to have any.
func (l library) has(name, member string) bool {
	declared := regexp.MustCompile(`(?m)^(?:const|var|type|func) ` + name + `\b(.*\n(?:\t.*\n)*)`).FindStringSubmatch(l.api)
	if declared == nil || member == "" {
		return declared != nil
	}
	fields := regexp.MustCompile(`(?m)^\t(?:\w+, )*(` + member + `\b|[\w.*]+$)`)
	method := regexp.MustCompile(`(?m)^func \((?:\w+ )?\*?` + name + `\b[^)]*\) ` + member + `\(`)
	return fields.MatchString(declared[1]) || method.MatchString(l.api)
}

// checkExamples looks for an example of every public package, and for one that calls each verb: the
// methods of the interfaces that services depend on.
func (r *repository) checkExamples() {
	example := regexp.MustCompile(`(?ms)^func Example.*?^}`)
	for _, l := range r.libraries {
		examples := ""
		for file, source := range r.files {
			if r.module+"/"+path.Dir(file) == l.path && strings.HasSuffix(file, "_test.go") {
				examples += strings.Join(example.FindAllString(source, -1), "\n")
			}
		}
		if examples == "" {
			r.report(l.file, "package ", "package %s has no example", l.name)
		}
		for _, verb := range slices.Concat(l.verbs("Interface"), l.verbs("Backfill")) {
			if !strings.Contains(examples, "."+verb+"(") {
				r.report(l.file, "\t"+verb+"(", "no example calls %s", verb)
			}
		}
	}
}

// verbs returns the methods of an interface, with those of the interfaces in it.
func (l library) verbs(name string) (verbs []string) {
	_, body, _ := strings.Cut(l.api, "\ntype "+name+" interface {\n")
	body, _, _ = strings.Cut(body, "}\n")
	for line := range strings.Lines(body) {
		if verb, _, found := strings.Cut(strings.TrimSpace(line), "("); found {
			verbs = append(verbs, verb)
		} else {
			verbs = append(verbs, l.verbs(verb)...)
		}
	}
	return verbs
}
