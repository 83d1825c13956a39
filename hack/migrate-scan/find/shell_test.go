package find

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// brief writes findings in one line: place, what, and how sure where that isn't certain.
func brief(findings []old.Finding, err error) string {
	var all []string
	for _, line := range described(findings, err) {
		fields := strings.Fields(line)
		if fields[0] == "broken" {
			all = append(all, "broken "+strings.TrimSuffix(fields[1], ":"))
			continue
		}
		text := fields[0] + " " + strings.Join(fields[3:], " ")
		if fields[1] != old.Certain.String() {
			text += " " + fields[1]
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

func TestShell(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"plain", "kubectl get wf", "1:1 kubectl get wf"},
		{"global options", "a; kubectl -n ma --context x get wf y", "1:4 kubectl get wf"},
		{"comment", "# kubectl get wf", ""},
		{"echo", "echo 'kubectl get wf' kubectl get wf; printf %s argo list", ""},
		{"quoted text", "x='kubectl get wf'", ""},
		{"heredoc", "cat <<X\nkubectl get wf\n$(argo list)\nX", "3:3 argo list"},
		{"quoted heredoc", "cat <<'X'\n$(argo list)\nX", ""},
		{"substitutions", "x=$(argo list); y=\"`argo get z`\"; diff <(argo logs a) b", "1:5 argo list; 1:21 argo get; 1:42 argo logs"},
		{"variable", "K='kubectl -n ma'\n$K delete wf x", "2:1 kubectl delete wf likely"},
		{"default", "${KUBECTL:-kubectl} get wf", "1:1 kubectl get wf likely"},
		{"array", "c=(argo -n ma)\nc+=(stop)\n\"${c[@]}\" x", "3:1 argo stop likely"},
		{"variable of an argument", "v=workflow\nkubectl get \"$v\" \"$name\"", "2:1 kubectl get workflow"},
		{"variable set anew", "K=kubectl; K=$1; $K get wf", ""},
		{"loop variable", "K=kubectl; for K in a b; do $K get wf; done", ""},
		{"alias", "alias k=kubectl\nk get wf", "2:1 kubectl get wf likely"},
		{"function", "k() { kubectl -n ma \"$@\"; }\nk get wf", "2:1 kubectl get wf likely"},
		{"wrapped", "sudo -u x timeout 5 kubectl get wf; A=b argo list | xargs -n1 argo stop", "1:1 kubectl get wf; 1:41 argo list; 1:53 argo stop"},
		{"unknown wrapper", "retry 5 kubectl get wf", "1:1 kubectl get wf likely"},
		{"a goal that is no program", "make argo X=$Y", ""},
		{"another shell", "bash -ec 'argo list && argo stop x'", "1:1 argo list; 1:1 argo stop"},
		{"eval and trap", "eval \"argo list\"; trap 'argo stop x' EXIT", "1:1 argo list; 1:19 argo stop"},
		{"over ssh", "ssh host 'argo list'", "1:1 argo list likely"},
		{"in a pod", "kubectl exec -it p -- argo stop x", "1:1 argo stop"},
		{"a file", "kubectl apply -f x.yaml; kubectl create -f \"$F\"; argo list", "1:26 kubectl create -f … possible; 1:50 argo list"},
		{"a file alone", "kubectl create -f \"$F\"", ""},
		{"control flow", "if ! argo list; then while argo get x; do :; done; fi", "1:6 argo list; 1:28 argo get"},
		{"other characters", "echo é; argo list", "1:9 argo list"},
		{"line ends", "argo list \\\r\n\r\nargo stop x\r\n", "1:1 argo list; 3:1 argo stop"},
		{"broken", "argo list\nif x; then\nargo stop", "1:1 argo list; broken 2:1"},
		{"a heredoc without its text", "argo list; <<X;\n", "1:1 argo list; broken 1:12"},
		{"nested too deep", strings.Repeat("$(", 5000), "broken 1:1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := brief(Shell(test.text)); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestMakefile(t *testing.T) {
	text := "K := kubectl\n# argo list\nall: x\n\t@echo argo list; $(K) get wf $$X \\\n\t   && argo stop $(Y)\n\t-argo get x\nargo: list\n\targo $(\n"
	// A command stands where its line's script begins, since what make fills in changes the rest.
	if got, want := brief(Makefile(text)), "4:3 kubectl get wf; 5:5 argo stop; 6:3 argo get"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDockerfile(t *testing.T) {
	text := "FROM argo list\n# RUN argo list\nRUN --mount=type=cache,target=/x a && \\\n  argo list\nCMD [\"argo\", \"get\", \"x\"]\nentrypoint argo wait x\nENV X=\"argo list\"\n"
	if got, want := brief(Dockerfile(text)), "4:3 argo list; 5:5 argo get; 6:12 argo wait"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestGo(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"plain", `exec.Command("kubectl", "get", "wf", n)`, "4:1 kubectl get wf"},
		{"with a context", `exec.CommandContext(ctx, "argo", "stop", n)`, "4:1 argo stop"},
		{"another name", `x.Command("argo", "list")`, "4:1 argo list"},
		{"constants", `exec.Command(kubectl, args...)`, "4:1 kubectl delete wf"},
		{"a shell", `exec.Command("sh", "-c", "argo list && argo stop " + n)`, "4:1 argo list; 4:1 argo stop"},
		{"local values", `a := []string{"get"}; a = append(a, "wf", fmt.Sprintf("%s-x", n)); exec.Command(kubectl, a...)`, "4:68 kubectl get wf"},
		{"appended in place", `exec.Command(kubectl, append([]string{"-n", "ma"}, "get", "wf")...)`, "4:1 kubectl get wf"},
		{"split", `c := strings.Fields("argo list"); exec.Command(c[0], c[1:]...)`, "4:35 argo list"},
		{"an interface", `runner.Command("argo", "list")`, "4:1 argo list likely"},
		{"a function", `run(ctx, "argo", "list")`, "4:1 argo list likely"},
		{"a text for a function", `shellOut("argo list")`, "4:1 argo list possible"},
		{"a list", `cmd := []string{"argo", "list"}; _ = cmd`, "4:8 argo list likely"},
		{"a list that is run", `cmd := []string{"argo", "list"}; exec.Command(cmd[0], cmd[1:]...)`, "4:34 argo list"},
		{"for people", `fmt.Println("argo", "list"); log.Printf("argo list"); t.Errorf("kubectl get wf")`, ""},
		{"an unknown verb", `exec.Command("argo", n); _ = []string{"argo", n}; run("argo", n)`, "4:1 argo …"},
		{"a comment", `/* exec.Command("argo", "list") */ // exec.Command("argo", "list")`, ""},
		{"hidden", `kubectl := f(); exec.Command(kubectl, "get", "wf")`, ""},
		{"a hidden package", `exec := other{}; exec.Command("argo", "list")`, "4:18 argo list likely"},
		{"set anew", `p := "argo"; p = g(); exec.Command(p, "list")`, ""},
		{"pods", `exec.Command("kubectl", "get", "pods")`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := "package p; import (\"os/exec\"; x \"os/exec\"; \"fmt\"; \"strings\")\nconst kubectl = \"kubectl\"; var args = []string{\"delete\", \"wf\", name}\nfunc f(n string) {\n" + test.body + "\n}\n"
			if got := brief(Go(text)); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestGoBroken(t *testing.T) {
	findings, err := Go("package p\nimport \"os/exec\"\nfunc f() { exec.Command(\"argo\", \"list\") }\nfunc g( {\n")
	var broken *BrokenError
	if !errors.As(err, &broken) || broken.Line != 4 || len(findings) != 1 {
		t.Errorf("got %v, %v; want the call, and an error in line 4", findings, err)
	}
	if _, err := Go("# not Go"); !errors.As(err, &broken) {
		t.Errorf("got %v, want a BrokenError", err)
	}
}

func TestGuessed(t *testing.T) {
	for _, test := range []struct {
		function string
		args     [][]string
		want     old.Sure
	}{
		{"run", [][]string{{"argo", "list"}}, old.Likely},
		{"anything", [][]string{{"x"}, {"kubectl"}, {"get"}, {"wf"}}, old.Likely},
		{"run_cmd", [][]string{{"argo list"}}, old.Possible},
		{"anything", [][]string{{"argo list"}}, 0},
		{"print", [][]string{{"argo", "list"}}, 0},
	} {
		var got old.Sure
		if uses := guessed(test.function, test.args); len(uses) > 0 {
			got = uses[0].Sure
		}
		if got != test.want {
			t.Errorf("%s(%v): %v, want %v", test.function, slices.Concat(test.args...), got, test.want)
		}
	}
}

func FuzzShell(f *testing.F) {
	for _, text := range []string{
		"k() { kubectl -n ma \"$@\"; }\nk get wf $(argo list) <<X\n$(argo get x)\nX\n",
		"c=(argo -n ma); \"${c[@]:-x}\" stop || bash -c 'argo list'", "argo list\nif x; then\n) (", "alias k=kubectl; for i in `argo list`; do k get wf; done &",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, look := range map[string]func(string) ([]old.Finding, error){"shell": Shell, "make": Makefile, "docker": Dockerfile} {
			first := brief(look(text))
			if again := brief(look(text)); first != again {
				t.Errorf("%s: once %s, and then %s", name, first, again)
			}
		}
	})
}
