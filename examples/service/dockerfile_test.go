package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const root = "../.."

// instructions are those of the Dockerfile, each as its words, by stage.
func instructions(t *testing.T) (stages [][][]string) {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(words[0], "#"):
			continue
		case words[0] == "FROM":
			stages = append(stages, nil)
		}
		last := len(stages) - 1
		stages[last] = append(stages[last], words)
	}
	return stages
}

func TestImageHasTheProgramAndNobodysRights(t *testing.T) {
	stages := instructions(t)
	final := map[string]string{}
	for _, words := range stages[len(stages)-1] {
		final[words[0]] = strings.Join(words[1:], " ")
	}
	if !strings.Contains(final["FROM"], "distroless/static") {
		t.Errorf("FROM %s", final["FROM"])
	}
	if !regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(final["USER"]) {
		t.Errorf("USER %s: a number, other than root's, is what runAsNonRoot can check", final["USER"])
	}
	if final["ENTRYPOINT"] != `["/service"]` || final["COPY"] != "--from=build /service /service" {
		t.Errorf("%v", final)
	}
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(text))[1]
	if from := stages[0][0][1]; from != "golang:"+version {
		t.Errorf("FROM %s, but go.mod asks for %s", from, version)
	}
}

// What the Dockerfile copies is enough to build with the very command that it has. No engine is
// needed to see that.
func TestImageCanBeBuilt(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program")
	}
	tree, program := t.TempDir(), filepath.Join(t.TempDir(), "service")
	var build string
	for _, words := range instructions(t)[0] {
		switch words[0] {
		case "COPY":
			for _, from := range words[1 : len(words)-1] {
				copyInto(t, from, tree, words[len(words)-1])
			}
		case "RUN":
			build = strings.Replace(strings.Join(words[1:], " "), "-o /service", "-o "+program, 1)
		}
	}
	if !strings.Contains(build, program) {
		t.Fatalf("%q builds no /service", build)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", build)
	cmd.Dir = tree
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.CommandContext(ctx, program, "--help").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Usage: service") {
		t.Errorf("%v: %s", err, out)
	}
}

func copyInto(t *testing.T, from, dir, to string) {
	t.Helper()
	source, target := filepath.Join(root, from), filepath.Join(dir, to)
	info, err := os.Stat(source)
	if err != nil {
		t.Fatal(err)
	}
	if info.IsDir() {
		err = os.CopyFS(target, os.DirFS(source))
	} else if text, failed := os.ReadFile(source); failed != nil {
		err = failed
	} else {
		err = os.WriteFile(filepath.Join(target, filepath.Base(from)), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
