package main

import "testing"

func TestCommandsAndData(t *testing.T) {
	for name, test := range map[string]struct{ page, want string }{
		"targets":            {page: "`make test-unit`, `make -s demo-x ARGS=\"a b\"`, `make`, `VERSION=1 make help`\n\n```sh\nmake test-unit && make demo-x # make nothing\n```"},
		"settings":           {page: "`make test-unit FUZZTIME=1m`"},
		"paths":              {page: "`pkg/lib`, `pkg/*`, `docs`, `/dev/null`, `application/json`\n\n```sh\nexamples/x/x.mk --dir ./pkg/lib ../elsewhere /etc/x $HOME/x a=b/c 'docs/architecture.md'\ngo run -C pkg ./lib\n```"},
		"data":               {page: "```yaml\na: [1]\n---\nb: …\n```\n\n```json\n{\"a\": 1}\n{}\n```\n\n```text\n{\n```\n\n```mermaid\nflowchart TD\n```"},
		"make of prose":      {page: "What `makes` and `cmake x` do is none of make's business."},
		"changelog of a key": {page: "`docs`"},

		"no target":          {"a\n`make nothing`", "2: the Makefile has no target \"nothing\""},
		"no second target":   {"`make test-unit nothing`", "1: the Makefile has no target \"nothing\""},
		"no target in shell": {"```sh\ntrue\nmake nothing\n```", "3: the Makefile has no target"},
		"no path":            {"`pkg/nowhere`", "1: there is no pkg/nowhere"},
		"no path in shell":   {"```sh\n\ncat manifests/x.yaml\n```", "3: there is no manifests/x.yaml, neither"},
		"no path after -C":   {"```sh\ngo run -C pkg ./lib\ngo run ./lib\n```", "3: there is no ./lib, neither"},
		"broken shell":       {"```sh\nif true; then\n```", "2: block of \"sh\": "},
		"broken YAML":        {"```yaml\na: [1\n```", "2: block of \"yaml\": "},
		"no YAML":            {"```yaml\n```", "2: block of \"yaml\": EOF"},
		"broken JSON":        {"```json\n{\"a\": …}\n```", "2: block of \"json\": "},
		"broken second JSON": {"```json\n{}\n{\n```", "2: block of \"json\": "},
		"unknown language":   {"```golang\nx\n```", "2: block of \"golang\": nobody checks this language"},
		"no language":        {"```\nx\n```", "2: block of \"\": it doesn't say its language"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.want == "" {
				expect(t, test.page+"\n")
			} else {
				expect(t, test.page+"\n", test.want)
			}
		})
	}
}

// The changelog tells of what is gone, too.
func TestChangelog(t *testing.T) {
	if got := found(t, repository(t, map[string]string{"CHANGELOG.md": "`pkg/nowhere` is gone.\n"})); got != nil {
		t.Errorf("it finds %q", got)
	}
}

// A command is run in the folder of its page, or in one above.
func TestPathsOfCommands(t *testing.T) {
	got := found(t, repository(t, map[string]string{"examples/x/y/README.md": "```sh\ncat y/README.md ./README.md x/x.mk pkg/lib/lib.go\n```\n"}))
	if got != nil {
		t.Errorf("it finds %q", got)
	}
}
