package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A command that a page names and CI never runs can break without anybody noticing.
func TestEveryCommandIsRunByCI(t *testing.T) {
	const makefile = "help: ## the first\n\n" +
		"test-unit: need\n\t@true\n\n" +
		"test-all: test-unit\\\n\tdocs ## all\n\ndocs:\n\t@true\n\n" +
		"test-commands:: need ## short forms\n\t@$(MAKE) -s bench ARGS=--short\n\t# $(MAKE) soak\n" +
		"\t@printf '%s\\n' \"$(MAKE) test-side\" '$(MAKE) test-other' | xargs run\n\n" +
		"bench:\n\thack/measure $(ARGS)\n\nsoak: # test-unit\n\t@true\n\ntest-side:\n\t@true\n\ntest-other:\n\t@true\n"
	for name, test := range map[string]struct {
		script, page string
		want         []string
	}{
		"a target of the script, its prerequisites, and what its recipe makes": {
			script: "make test-all && make test-commands\n", page: "`make test-all`, `make test-unit`, `make docs`, `make -s bench ARGS=x`, `hack/measure`\n" +
				"`make test-side`, `make test-other`\n",
		},
		"from another makefile": {
			script: "make test-commands\n", page: "`make demo-x`\n",
		},
		"a target that is not made": {
			script: "make test-all\n# make soak\n", page: "`make test-unit`\n\n```sh\nmake soak # make bench\n```\n",
			want: []string{"page.md:4: .ci/run runs `make soak` in no form"},
		},
		"a target that only a comment of a recipe names": {
			script: "make test-commands\n", page: "`make soak`\n",
			want: []string{"page.md:1: .ci/run runs `make soak` in no form"},
		},
		"a script that is not run": {
			script: "make test-all\n", page: "`hack/other`\n",
			want: []string{"page.md:1: .ci/run runs hack/other in no form"},
		},
		"the changelog tells of what was": {
			script: "make test-all\n", page: "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := repository(t, map[string]string{
				".ci/run": test.script, "Makefile": makefile, "page.md": test.page, "CHANGELOG.md": "`make soak`\n",
				"examples/x/x.mk": "demo-x:\n\t@true\n\ntest-commands::\n\t$(MAKE) demo-x\n",
				"hack/measure":    "#!/bin/sh\n", "hack/other": "#!/bin/sh\n",
			})
			for _, script := range []string{"hack/measure", "hack/other"} {
				if err := os.Chmod(filepath.Join(root, script), 0o700); err != nil { //nolint:gosec // to be run
					t.Fatal(err)
				}
			}
			if got := found(t, root); !slices.Equal(got, test.want) {
				t.Errorf("it finds %q, want %q", got, test.want)
			}
		})
	}
}
