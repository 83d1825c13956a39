package old_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// exported are the exported names of a package, the methods of its types and their fields among them.
func exported(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../../../pkg", folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no package %s: %v", folder, err)
	}
	names := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				names[n.Name.Name] = true
				return false
			case *ast.TypeSpec:
				names[n.Name.Name] = true
			case *ast.ValueSpec:
				for _, name := range n.Names {
					names[name.Name] = true
				}
			case *ast.Field:
				for _, name := range n.Names {
					names[name.Name] = true
				}
			}
			return true
		})
	}
	return names
}

// all are the replacements of everything that is found.
func all() []old.Replacement {
	replacements := []old.Replacement{
		old.PhasesReplacement(), old.ConstructReplacement(), old.ReferenceReplacement(), old.ImportReplacement(), old.SubclassReplacement(),
	}
	for _, m := range old.Methods() {
		replacements = append(replacements, m.Call, m.Value)
	}
	for _, name := range []string{old.EndedError, old.TimeoutError, old.RunnerError} {
		r, _ := old.ErrorReplacement(name)
		replacements = append(replacements, r)
	}
	for _, argv := range commands() {
		if u, ok := command(argv); ok {
			replacements = append(replacements, u.Replacement)
		}
	}
	return replacements
}

func command(argv []string) (old.Use, bool) {
	switch argv[0] {
	case "kubectl":
		return old.Kubectl(argv[1:])
	case "argo":
		return old.Argo(argv[1:])
	}
	return old.Use{}, false
}

func commands() [][]string {
	var argvs [][]string
	for _, verb := range strings.Fields("submit get list logs watch wait stop terminate suspend resume retry resubmit delete") {
		argvs = append(argvs, []string{"argo", verb, "w"})
	}
	for _, line := range []string{
		"get workflow w", "get wf", "get wf -w", "wait --for=delete wf/w", "wait --for=x wf/w", "describe wf w", "delete wf w",
		"delete wf --all", `patch wf w -p {"spec":{"shutdown":"Stop"}}`, `patch wf w -p {"spec":{"shutdown":"Terminate"}}`,
		`patch wf w -p {"spec":{"suspend":true}}`, `patch wf w -p {"spec":{"suspend":null}}`, "create -f workflow.yaml",
		"logs -l workflows.argoproj.io/workflow=w -f",
	} {
		argvs = append(argvs, append([]string{"kubectl"}, strings.Fields(line)...))
	}
	return argvs
}

// What the scanner tells people to write is there to be written.
func TestReplacementsExist(t *testing.T) {
	packages := map[string]map[string]bool{"workflow": exported(t, "workflow"), "status": exported(t, "status")}
	either := maps.Clone(packages["workflow"])
	maps.Copy(either, packages["status"])
	packages["client"], packages["state"], packages["started"] = packages["workflow"], packages["status"], packages["status"]
	name := regexp.MustCompile(`\b(workflow|status|client|state|started)\.([A-Z]\w*)`)
	field := regexp.MustCompile(`[{ ]([A-Z]\w*):`)
	count := 0
	for _, r := range all() {
		for _, m := range name.FindAllStringSubmatch(r.New+" "+r.Note, -1) {
			count++
			if !packages[m[1]][m[2]] {
				t.Errorf("there is no %s: %s %s", m[0], r.New, r.Note)
			}
		}
		for _, m := range field.FindAllStringSubmatch(r.New, -1) {
			if !either[m[1]] {
				t.Errorf("there is no field %s: %s", m[1], r.New)
			}
		}
		if r.New == "" && r.Note == "" {
			t.Error("a replacement says nothing")
		}
	}
	if count < 40 {
		t.Errorf("only %d names were looked up", count)
	}
}

func TestCommands(t *testing.T) {
	for line, want := range map[string]string{
		"kubectl get workflow w":                  "client.Get(",
		"kubectl -n ma get workflows.argoproj.io": "client.List(",
		"kubectl --context x get wf -w":           "client.Watch(",
		"kubectl get wf/w -o json":                "client.Get(",
		"kubectl delete workflow w":               "client.Delete(",
		"kubectl wait --for=x wf/w":               "client.Wait(",
		"argo submit a.yaml":                      "client.Start(",
		"argo -n ma stop w":                       "client.Stop(",
		"argo terminate w":                        "client.Terminate(",
		"argo suspend w":                          "client.Suspend(",
		"argo resume w":                           "client.Resume(",
		"argo retry w":                            "client.Retry(",
		"argo resubmit w":                         "client.Resubmit(",
		"argo logs w -f":                          "client.Logs(",
		"kubectl get pods":                        "nothing",
		"kubectl version":                         "nothing",
	} {
		u, ok := command(strings.Fields(line))
		switch {
		case want == "nothing" && ok:
			t.Errorf("%s: %+v", line, u)
		case want != "nothing" && (!ok || !strings.HasPrefix(u.New, want)):
			t.Errorf("%s: %v, %+v", line, ok, u)
		}
	}
}

func TestRules(t *testing.T) {
	ids := make([]string, 0, len(old.Rules()))
	for _, r := range old.Rules() {
		ids = append(ids, r.ID)
		if r.Title == "" || r.Help == "" {
			t.Errorf("%+v", r)
		}
	}
	if unique := slices.Compact(slices.Sorted(slices.Values(ids))); len(unique) != len(ids) {
		t.Error(ids)
	}
}
