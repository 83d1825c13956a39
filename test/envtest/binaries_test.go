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
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if _, err := findBinaries(APIServer); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := findBinaries(APIServer); err != nil || b.kubectl != "" {
		t.Errorf("kubectl is %q, %v", b.kubectl, err)
	}
}
