package envtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A cluster starts without kubectl, which only some of its users run; not without a part of its own.
func TestKubectlMayBeMissing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(envAssets, dir)
	t.Setenv(envArgoManifests, dir)
	t.Setenv(envEtcd, filepath.Join(dir, "etcd"))
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if _, err := findBinaries(Options{Parts: APIServer}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := findBinaries(Options{Parts: APIServer}); err != nil || b.kubectl != "" {
		t.Errorf("kubectl is %q, %v", b.kubectl, err)
	}
}

func TestDefinitions(t *testing.T) {
	for env, of := range map[string]map[Definitions]Definitions{
		"full":    {"": FullDefinitions, MinimalDefinitions: MinimalDefinitions, "none": ""},
		"minimal": {"": MinimalDefinitions, FullDefinitions: FullDefinitions},
		"":        {"": "", FullDefinitions: FullDefinitions},
	} {
		t.Setenv(envArgoDefinitions, env)
		for option, want := range of {
			if got, err := findDefinitions(option); got != want || (err == nil) != (want != "") {
				t.Errorf("%q with %s=%q: %q, %v", option, envArgoDefinitions, env, got, err)
			}
		}
	}
}
