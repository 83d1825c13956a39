package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// runMake runs the checkout's Makefile with another cache, as a user whose files a group can write, and
// returns what it says.
func runMake(t *testing.T, cache string, args ...string) (string, error) {
	t.Helper()
	args = append([]string{"-c", `umask 002; exec make --no-print-directory "$@"`, "sh"}, args...)
	cmd := exec.CommandContext(t.Context(), "sh", args...)
	cmd.Dir = filepath.Join("..", "..")
	// Without what the make that runs this test has set.
	cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MFLAGS=", "MAKEFILES=", "MAKELEVEL=", "NO_SKIPS=",
		"ARGOSERVICE_CACHE="+cache)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestMakeBuildsNothingWhereOthersCanWrite(t *testing.T) {
	cache := folder(t, "its cache")
	must(t, os.Chmod(cache, 0o777))
	says, err := runMake(t, cache, "docs")
	if err == nil || !strings.Contains(says, "others can write to "+cache+" ") {
		t.Errorf("%v: %s", err, says)
	}
	if built, err := filepath.Glob(filepath.Join(cache, "run-*", "docs")); err != nil || len(built) > 0 {
		t.Errorf("%v, %v", built, err)
	}
}

// A cache with a space in its path, which is relative, is the same for make and for the programs that
// it runs in other folders. What is built there is for its owner alone to write.
func TestMakeWithARelativeCache(t *testing.T) {
	cache := folder(t, "its cache")
	root, err := filepath.Abs(filepath.Join("..", ".."))
	must(t, err)
	relative, err := filepath.Rel(root, cache)
	must(t, err)
	rules := filepath.Join(t.TempDir(), "rules.mk")
	write(t, rules, "include Makefile\nwhere: need\n\t@$(call build,hack/tools,private) .; cd hack && cd \"$$ARGOSERVICE_CACHE\" && pwd\n")
	says, err := runMake(t, relative, "-f", rules, "where")
	if err != nil || !strings.Contains(says, cache+"\n") {
		t.Errorf("it is elsewhere: %v: %s", err, says)
	}
	built, err := filepath.Glob(filepath.Join(cache, "run-*", "private"))
	if err != nil || len(built) != 1 {
		t.Fatalf("%v, %v", built, err)
	}
	must(t, checkPrivate(built[0]))
}

// In CI, what a machine can't have is an error.
func TestSkips(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "rules.mk")
	write(t, rules, "include Makefile\nit:\n\t@$(call skip,it,there is no such thing); echo goes on\n")
	says, err := runMake(t, t.TempDir(), "-f", rules, "it")
	if err != nil || says != "skipped: it: there is no such thing\ngoes on\n" {
		t.Errorf("%v: %s", err, says)
	}
	says, err = runMake(t, t.TempDir(), "-f", rules, "it", "NO_SKIPS=1")
	if err == nil || strings.Contains(says, "goes on") {
		t.Errorf("%v: %s", err, says)
	}
}

// The suite for any cluster uses no cluster but the one on the command line.
func TestClusterIsNamed(t *testing.T) {
	t.Setenv("KUBECONFIG", "/an/exported/one")
	for _, args := range [][]string{{"test-cluster"}, {"test-cluster", "KUBECONFIG="}, {"test-cluster", "-e"}} {
		says, err := runMake(t, t.TempDir(), args...)
		if err == nil || !strings.HasPrefix(says, "name your cluster: ") {
			t.Errorf("%q: %v: %s", args, err, says)
		}
	}
	rules := filepath.Join(t.TempDir(), "rules.mk")
	write(t, rules, "include Makefile\nit:\n\t@printf '%s ' $(call named,KUBECONFIG,kubeconfig) $(call named,NAMESPACE,namespace)\n")
	t.Setenv("NAMESPACE", "exported")
	const odd = `it's "my $HOME" cluster`
	says, err := runMake(t, t.TempDir(), "-f", rules, "it", "KUBECONFIG="+strings.ReplaceAll(odd, "$", "$$"))
	if err != nil || says != "-kubeconfig "+odd+" " {
		t.Errorf("%v: %s", err, says)
	}
}

// The target "flaky" fails the first time.
const busyRules = `
steady flaky:
	@echo $@ >>"$(RUNS)"; [ $@ = steady ] || [ "$$(grep -c flaky "$(RUNS)")" != 1 ]
long:
	@echo $$$$ >"$(RUNS)"; exec sleep 300
`

func busy(t *testing.T, runs string, args ...string) *exec.Cmd {
	t.Helper()
	makefile := filepath.Join(t.TempDir(), "Makefile")
	write(t, makefile, busyRules)
	cmd := exec.CommandContext(t.Context(), filepath.Join("..", "busy"), args...)
	cmd.Env = append(os.Environ(), "MAKE=make", "MAKEFLAGS=", "MAKEFILES="+makefile, "RUNS="+runs)
	return cmd
}

func TestBusyCountsWhatPassed(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	says, err := busy(t, runs, "3", "steady", "flaky").CombinedOutput()
	if err == nil {
		t.Error("no run failed")
	}
	wantContains(t, string(says), "busy: flaky, run 1 of 3: failed with exit code 2", "busy: flaky, run 3 of 3: passed",
		"steady 3 of 3, flaky 2 of 3", "1 of 6 runs failed")
	if ran := read(t, runs); ran != strings.Repeat("steady\nflaky\n", 3) {
		t.Errorf("it ran %q", ran)
	}
	for _, args := range [][]string{nil, {"3"}, {"0", "steady"}, {"x", "steady"}} {
		says, err := busy(t, runs, args...).CombinedOutput()
		if err == nil || !strings.Contains(string(says), "usage: busy TIMES TARGET") {
			t.Errorf("%q: %v: %s", args, err, says)
		}
	}
}

// Each row runs each suite with its versions, and the table has what the suites say.
func TestMatrix(t *testing.T) {
	makefile := filepath.Join(t.TempDir(), "Makefile")
	write(t, makefile, `
specs:
	@printf 'SUCCESS! -- \033[1m%s Passed\033[0m | 0 Failed | 5 Skipped\n' $$(printf $(ARGO) | tr -d .)
picky:
	@[ "$(KUBERNETES)" != 1.33 ] || exit 1
`)
	matrix := func(suites string, rows ...string) (string, string, error) {
		cmd := exec.CommandContext(t.Context(), filepath.Join("..", "matrix"), rows...)
		cmd.Env = append(os.Environ(), "MAKE=make", "MAKEFLAGS=", "MAKEFILES="+makefile, "SUITES="+suites,
			"ARGOSERVICE_CACHE="+t.TempDir())
		var says bytes.Buffer
		cmd.Stderr = &says
		table, err := cmd.Output()
		return string(table), says.String(), err
	}
	table, says, err := matrix("specs picky", "3.7/1.37", "4.0/1.33")
	if err == nil {
		t.Error("no row failed")
	}
	wantContains(t, says, "matrix: picky on Argo 4.0 and Kubernetes 1.33", "37 Passed", "1 of 4 runs failed")
	wantContains(t, table, "| `specs` | `picky` | minutes |\n|---|---|---|---|---|--:|\n",
		" | minimal | 1.37.2 | 37 specs | passed | ", " | full | 1.33.13 | 40 specs | failed | ")
	if table, says, err := matrix("specs picky", "3.7/1.37"); err != nil || strings.Count(table, "\n") != 3 {
		t.Errorf("%v: %s%s", err, table, says)
	}
	for _, row := range []string{"3.7", "9.9/1.37"} {
		if table, says, err := matrix("specs", "3.7/1.37", row); err == nil || table != "" || !strings.Contains(says, "there are ") {
			t.Errorf("%s: %v: %s%s", row, err, table, says)
		}
	}
	if _, says, err := matrix("specs"); err == nil || !strings.Contains(says, "usage: matrix ROW") {
		t.Errorf("%v: %s", err, says)
	}
}

// It ends with its target, and so does the load, whose processes keep what it prints to open.
func TestBusyEnds(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		runs := filepath.Join(t.TempDir(), "runs")
		cmd, says := busy(t, runs, "5", "long"), &bytes.Buffer{}
		cmd.Stdout, cmd.Stderr = says, says
		must(t, cmd.Start())
		eventually(t, "the target runs", func() bool { text, err := os.ReadFile(runs); return err == nil && len(text) > 0 })
		must(t, cmd.Process.Signal(signal))
		if err := cmd.Wait(); err == nil {
			t.Error("it ended with exit code 0")
		}
		wantContains(t, says.String(), "long 0 of 5")
		if pid := pidIn(t, runs); running(pid) {
			t.Errorf("the target goes on as process %d", pid)
		}
	}
}
