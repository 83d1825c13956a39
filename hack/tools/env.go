package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// variable is one that the specs read.
type variable struct{ name, value string }

// environment returns the variables that say where the tools are. It installs
// nothing and needs no network; what is missing is an error.
func (in *installer) environment(ctx context.Context) ([]variable, error) {
	kube, err := in.load(ctx, setKube)
	if err != nil {
		return nil, err
	}
	argo, err := in.load(ctx, setArgo)
	if err != nil {
		return nil, err
	}
	kwok, err := in.load(ctx, setKWOK)
	if err != nil {
		return nil, err
	}
	assets, err := in.assetsDir(kube)
	if err != nil {
		return nil, err
	}
	var missing []string
	if assets == "" {
		missing = append(missing, assetNames()...)
	}
	vars := []variable{{"KUBEBUILDER_ASSETS", assets}}
	for _, p := range []struct {
		variable, dir, program string
	}{
		{"ARGOSERVICE_KUBE_CONTROLLER_MANAGER", kube.dir, "kube-controller-manager"},
		{"ARGOSERVICE_KUBE_SCHEDULER", kube.dir, "kube-scheduler"},
		{"ARGOSERVICE_WORKFLOW_CONTROLLER", argo.dir, "workflow-controller"},
		{"ARGOSERVICE_KWOK", kwok.dir, "kwok"},
	} {
		lacking, err := in.lacking(p.dir, []string{p.program})
		if err != nil {
			return nil, err
		}
		missing = append(missing, lacking...)
		vars = append(vars, variable{p.variable, filepath.Join(p.dir, p.program)})
	}
	for _, m := range []struct {
		variable string
		set      toolset
	}{
		{"ARGOSERVICE_ARGO_MANIFESTS", argo},
		{"ARGOSERVICE_KWOK_MANIFESTS", kwok},
	} {
		dir, err := in.manifests(ctx, m.set, false)
		if err != nil {
			missing = append(missing, "manifests of "+m.set.name)
		}
		vars = append(vars, variable{m.variable, dir})
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("not there yet: %s: run `make tools` first", strings.Join(missing, ", "))
	}
	return vars, nil
}

// manifests returns the folder of YAML in the set's main module, as the module
// cache has it. If it does not, the module is fetched, or with fetch off it is an error.
func (in *installer) manifests(ctx context.Context, set toolset, fetch bool) (string, error) {
	r := recipeOf(set.name)
	offline := append(goEnv(), "GOPROXY=off")
	out, err := command{dir: set.src, env: offline, argv: []string{"go", "list", "-m", "-f", "{{.Dir}}", r.module}}.run(ctx)
	dir := strings.TrimSpace(string(out))
	if (err != nil || dir == "") && fetch {
		out, err = command{dir: set.src, argv: []string{"go", "mod", "download", "-json", r.module}}.run(ctx)
		if err != nil {
			return "", err
		}
		var module struct{ Dir string }
		if err := json.Unmarshal(out, &module); err != nil {
			return "", fmt.Errorf("go mod download -json %s: %w", r.module, err)
		}
		dir = module.Dir
	}
	if err != nil {
		return "", err
	}
	if dir == "" {
		return "", fmt.Errorf("%s is not in the module cache", r.module)
	}
	dir = filepath.Join(dir, r.manifests)
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("%s %s has no %s: %w", r.module, set.version, r.manifests, err)
	}
	return dir, nil
}

// printExports writes the variables as lines for a POSIX shell's eval.
func printExports(w io.Writer, vars []variable) error {
	for _, v := range vars {
		if _, err := fmt.Fprintf(w, "export %s='%s'\n", v.name, strings.ReplaceAll(v.value, "'", `'\''`)); err != nil {
			return err
		}
	}
	return nil
}
