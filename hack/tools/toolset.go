package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// The tool modules that this program knows something about beyond their go.mod.
const (
	setKube = "kube"
	setArgo = "argo"
	setKWOK = "kwok"
)

// toolset is one tool module: the programs that its go.mod lists, and their place in the cache.
type toolset struct {
	name    string
	src     string // folder of the tool module
	dir     string // folder of its programs
	tools   []tool
	flags   []string // of go build
	version string   // of the module that the set is about; "" where it is about several
	key     string   // changes with anything that changes the programs
}

// tool is one program.
type tool struct {
	name  string
	built string // what go build calls it
	pkg   string
}

// recipe is what go.mod cannot say about a tool module.
type recipe struct {
	module    string            // the module that the set is about
	stamp     string            // variable that holds its version at run time
	rename    map[string]string // from go build's name to the usual one
	manifests string            // folder of YAML that the module carries
}

func recipeOf(name string) recipe {
	switch name {
	case setKube:
		return recipe{
			module: "k8s.io/kubernetes",
			// kubectl refuses a server that does not know its version.
			stamp:  "k8s.io/component-base/version.gitVersion",
			rename: map[string]string{"server": "etcd"},
		}
	case setArgo:
		return recipe{module: "github.com/argoproj/argo-workflows/v3", manifests: "manifests"}
	case setKWOK:
		return recipe{module: "sigs.k8s.io/kwok", manifests: "kustomize"}
	}
	return recipe{}
}

// goMod is the part of `go mod edit -json` that is of use here.
type goMod struct {
	Require []struct{ Path, Version string }
	Tool    []struct{ Path string }
}

// load reads the tool module called name. It needs no network.
func (in *installer) load(ctx context.Context, name string) (toolset, error) {
	set := toolset{name: name, src: filepath.Join(in.root, name)}
	mod, err := os.ReadFile(filepath.Join(set.src, "go.mod"))
	if err != nil {
		return toolset{}, fmt.Errorf("no tool module %q, there are %s: %w", name, in.setNames(), err)
	}
	sum, err := os.ReadFile(filepath.Join(set.src, "go.sum"))
	if err != nil && !os.IsNotExist(err) {
		return toolset{}, err
	}
	out, err := command{dir: set.src, argv: []string{"go", "mod", "edit", "-json"}}.run(ctx)
	if err != nil {
		return toolset{}, err
	}
	var parsed goMod
	if err := json.Unmarshal(out, &parsed); err != nil {
		return toolset{}, fmt.Errorf("%s/go.mod: %w", set.src, err)
	}

	r := recipeOf(name)
	for _, t := range parsed.Tool {
		built := programName(t.Path)
		renamed, ok := r.rename[built]
		if !ok {
			renamed = built
		}
		set.tools = append(set.tools, tool{name: renamed, built: built, pkg: t.Path})
	}
	if len(set.tools) == 0 {
		return toolset{}, fmt.Errorf("%s/go.mod lists no tools: add them with `go get -tool`", set.src)
	}
	for _, m := range parsed.Require {
		if r.module != "" && m.Path == r.module {
			set.version = m.Version
		}
	}
	if r.module != "" && set.version == "" {
		return toolset{}, fmt.Errorf("%s/go.mod does not require %s: run `go get %s` there", set.src, r.module, r.module)
	}
	// Nobody debugs these programs: without symbols and debug information they
	// compile and link sooner.
	ldflags := "-s -w"
	if r.stamp != "" {
		ldflags += " -X " + r.stamp + "=" + set.version
	}
	set.flags = []string{"-trimpath", "-gcflags=all=-dwarf=false", "-ldflags", ldflags}
	set.key = hash(append([]string{string(mod), string(sum), runtime.GOOS, runtime.GOARCH, cgoOff}, set.flags...)...)
	set.dir = filepath.Join(in.cache, name+"-"+set.key)
	return set, nil
}

// setNames lists the tool modules of the checkout.
func (in *installer) setNames() string {
	files, _ := filepath.Glob(filepath.Join(in.root, "*", "go.mod")) // the pattern is well-formed
	for i, f := range files {
		files[i] = filepath.Base(filepath.Dir(f))
	}
	return strings.Join(files, ", ")
}

// names lists the programs of the set but for those in without.
func (s toolset) names(without ...string) []string {
	var names []string
	for _, t := range s.tools {
		if !slices.Contains(without, t.name) {
			names = append(names, t.name)
		}
	}
	return names
}

// hash makes a short name of its parts; no two lists of parts run into each other.
func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return fmt.Sprintf("%x", h.Sum(nil))[:12]
}

// programName is the file name that go build gives to the program of a package.
func programName(pkg string) string {
	base := path.Base(pkg)
	if regexp.MustCompile(`^v[0-9]+$`).MatchString(base) {
		return path.Base(path.Dir(pkg))
	}
	return base
}
