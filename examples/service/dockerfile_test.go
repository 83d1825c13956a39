package main

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const root = "../.."

// instructions returns the instructions of the Dockerfile as words, by stage.
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

func TestImageHasTheProgramWithoutPrivileges(t *testing.T) {
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
	text, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(text))[1]
	if from := stages[0][0][1]; !strings.HasPrefix(from, "golang:"+version+".") {
		t.Errorf("FROM %s, but go.mod asks for %s", from, version)
	}
	for _, stage := range stages {
		if from := stage[0][1]; !regexp.MustCompile(`^[^@]+:[^@:]+@sha256:[0-9a-f]{64}$`).MatchString(from) {
			t.Errorf("FROM %s: it must have a tag, to be read, and a digest, which cannot be moved", from)
		}
	}
}

// The files that the Dockerfile copies are enough for its build command. The test needs no
// container engine.
func TestImageCanBeBuilt(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program")
	}
	tree, program := t.TempDir(), filepath.Join(t.TempDir(), "service")
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute) // with an empty build cache, on a busy machine
	defer cancel()
	for _, words := range instructions(t)[0] {
		switch words[0] {
		case "COPY":
			for _, from := range words[1 : len(words)-1] {
				copyInto(t, from, tree, words[len(words)-1])
			}
		case "RUN":
			line := strings.Replace(strings.Join(words[1:], " "), "-o /service", "-o "+program, 1)
			if strings.HasPrefix(line, "go mod download ") {
				line += " k8s.io/client-go" // which is available offline; all others need a network
			}
			cmd := exec.CommandContext(ctx, "sh", "-c", line)
			cmd.Dir = tree
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v: %s", line, err, out)
			}
		}
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
	if err := os.MkdirAll(target, 0o755); err != nil {
		t.Fatal(err)
	}
	if info.IsDir() {
		copyDir(t, source, target)
	} else if text, failed := os.ReadFile(source); failed != nil {
		err = failed
	} else {
		err = os.WriteFile(filepath.Join(target, filepath.Base(from)), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// copyDir copies a directory, overwriting existing files.
func copyDir(t *testing.T, source, target string) {
	t.Helper()
	err := filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(target, name), 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(target, name), text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The builder receives everything that is copied.
func TestTheBuilderGetsWhatIsCopied(t *testing.T) {
	text, err := os.ReadFile("Dockerfile.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	if !slices.Contains(lines, "*") {
		t.Error("all of the checkout is sent")
	}
	for _, words := range instructions(t)[0] {
		if words[0] != "COPY" {
			continue
		}
		for _, from := range words[1 : len(words)-1] {
			sent := false
			for path := from; path != "."; path = filepath.Dir(path) {
				sent = sent || slices.Contains(lines, "!"+path)
			}
			if !sent || slices.Contains(lines, from) {
				t.Errorf("%s is not sent", from)
			}
		}
	}
}
