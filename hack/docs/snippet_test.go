package main

import "testing"

const importLib = "<!-- snippet\nimport \"example.com/lib/pkg/lib\"\nvar n int\n-->\n"

func TestSnippets(t *testing.T) {
	for name, test := range map[string]struct{ page, want string }{
		"whole file":               {page: "```go\npackage main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println() }\n```"},
		"fragment":                 {page: importLib + "```go\nerr := lib.Do(n)\n```"},
		"fragment that returns":    {page: importLib + "```go\nif err := lib.Do(n); err != nil {\n\treturn err\n}\nreturn ctx.Err()\n```"},
		"what isn't used":          {page: importLib + "```go\nvar a, b = 1, lib.Do(n)\nc, _ := 1, 2\nreturn nil\n```"},
		"imports in parentheses":   {page: "<!-- snippet\nimport (\n\t\"example.com/lib/pkg/lib\"\n)\n-->\n```go\nerr := lib.Do(1)\n```"},
		"declarations":             {page: importLib + "```go\nfunc twice() error { return lib.Do(2 * n) }\n```"},
		"without a comment":        {page: "```go\ndone := ctx.Done()\n```"},
		"two of the same name":     {page: "```go\ntype a int\n```\n\n```go\ntype a string\n```"},
		"of a file":                {page: "<!-- snippet of pkg/lib/lib_test.go -->\n```go\nif err := Do(1); err != nil {\n\treturn err\n}\n```"},
		"of its page's own module": {page: "<!-- snippet in adapters/a\nimport \"example.com/lib/adapters/a\"\n-->\n```go\nerr := a.Do()\n```"},
		"not compiled":             {page: "<!-- snippet not compiled: to be refused -->\n```go\nlib.Do(\n```"},
		"another comment":          {page: "<!-- nothing -->\n```go\ndone := ctx.Done()\n```"},

		"wrong type":            {importLib + "```go\nx := 1\nerr := lib.Do(\"1\")\n```", "7: cannot use \"1\""},
		"unknown name":          {"```go\nerr := lib.Do(1)\n```", "2: undefined: lib; what a snippet needs besides"},
		"gone from the library": {importLib + "```go\nerr := lib.Undo(n)\n```", "6: undefined: lib.Undo"},
		"unused import":         {"<!-- snippet\nimport \"fmt\"\n-->\n```go\ndone := ctx.Done()\n```", "2: \"fmt\" imported and not used"},
		"unused in a block":     {"```go\nif true {\n\tx := 1\n}\n```", "3: declared and not used: x"},
		"what go vet finds":     {"<!-- snippet\nimport \"fmt\"\n-->\n```go\nfmt.Printf(\"%d\\n\", \"x\")\n```", "5: fmt.Printf format %d has arg"},
		"broken":                {"```go\nif {\n```", "2: it can't be read: "},
		"wrong head":            {"<!-- snippet\nvar x missing\n-->\n```go\n_ = x\n```", "2: undefined: missing"},
		"whole file, wrong":     {"```go\npackage main\n\nfunc main() { x() }\n```", "4: undefined: x"},
		"not of that file":      {"<!-- snippet of pkg/lib/lib_test.go -->\n```go\nDo(2)\n```", "3: this is not a part of pkg/lib/lib_test.go"},
		"of no file":            {"<!-- snippet of pkg/lib/nowhere.go -->\n```go\nDo(2)\n```", "3: snippet of \"pkg/lib/nowhere.go\": there is no such file"},
		"empty":                 {"<!-- snippet of pkg/lib/lib.go -->\n```go\n```", "3: it is empty"},
		"in no module":          {"<!-- snippet in pkg/lib\n-->\n```go\nx := 1\n```", "4: snippet in \"pkg/lib\": there is no such module"},
		"no reason":             {"<!-- snippet not compiled: -->\n```go\nx(\n```", "3: comment"},
		"misspelt":              {"<!-- snippet from pkg/lib/lib.go -->\n```go\nx(\n```", "3: comment \"snippet from pkg/lib/lib.go\""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.want == "" {
				expect(t, test.page+"\n")
			} else {
				expect(t, test.page+"\n", test.want)
			}
		})
	}
}

// A page in the folder of a module is about that one.
func TestSnippetOfAModulesPage(t *testing.T) {
	root := repository(t, map[string]string{"adapters/a/README.md": "<!-- snippet\nimport \"example.com/lib/adapters/a\"\n-->\n```go\nerr := a.Do()\n```\n"})
	if got := found(t, root); got != nil {
		t.Errorf("it finds %q", got)
	}
}
