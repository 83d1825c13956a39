package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestToolsFrom(t *testing.T) {
	newFixture(t)
	for _, value := range []string{"", "build", "download"} {
		t.Setenv("TOOLS_FROM", value)
		if cfg, err := loadConfig(); err != nil || cfg.from != value {
			t.Errorf("TOOLS_FROM=%q: got %q, %v", value, cfg.from, err)
		}
	}
	t.Setenv("TOOLS_FROM", "brew")
	_, err := loadConfig()
	if err == nil {
		t.Fatal("TOOLS_FROM=brew is no error")
	}
	wantContains(t, err.Error(), `"brew"`, `"build"`, `"download"`)
}

func TestCacheFolder(t *testing.T) {
	newFixture(t)
	t.Setenv("HOME", "/home/me")
	for _, tc := range []struct{ own, xdg, want string }{
		{"/own", "/xdg", "/own"},
		{"", "/xdg", "/xdg/argoservice"},
		{"", "", "/home/me/.cache/argoservice"},
	} {
		t.Setenv("ARGOSERVICE_CACHE", tc.own)
		t.Setenv("XDG_CACHE_HOME", tc.xdg)
		if cfg, err := loadConfig(); err != nil || cfg.cache != tc.want {
			t.Errorf("%+v: got %q, %v", tc, cfg.cache, err)
		}
	}
}

func TestRootIsFoundFromAnyFolderOfTheCheckout(t *testing.T) {
	f := newFixture(t)
	deep := filepath.Join(f.root, "..", "..", "pkg", "deep")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(deep)
	if cfg, err := loadConfig(); err != nil || cfg.root != f.root {
		t.Errorf("got %q, %v, want %q", cfg.root, err, f.root)
	}
	t.Chdir(t.TempDir())
	if _, err := loadConfig(); err == nil || !strings.Contains(err.Error(), "inside the checkout") {
		t.Errorf("outside of any checkout: got %v", err)
	}
}

func TestKubebuilderAssetsAreUsedAsTheyAre(t *testing.T) {
	f := newFixture(t)
	assets := t.TempDir()
	for _, name := range assetNames() {
		write(t, filepath.Join(assets, name), "#!/bin/sh\n")
		if err := os.Chmod(filepath.Join(assets, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("KUBEBUILDER_ASSETS", assets)
	in, says := f.installer(t)
	if err := in.install(t.Context(), []string{"kube"}); err != nil {
		t.Fatal(err)
	}
	wantContains(t, says.String(), "building kube-controller-manager, kube-scheduler from")
	kube := f.load(t, "kube")
	if dir, err := in.assetsDir(kube); err != nil || dir != assets {
		t.Errorf("assets are in %q, %v, want %q", dir, err, assets)
	}
	if built := len(kube.names()) - len(missingIn(kube.dir, assetNames())); built != 2 {
		t.Errorf("some of %v were built although they were given", assetNames())
	}

	if err := os.Remove(filepath.Join(assets, "etcd")); err != nil {
		t.Fatal(err)
	}
	if err := in.install(t.Context(), []string{"kube"}); err == nil {
		t.Error("KUBEBUILDER_ASSETS without etcd is no error")
	} else {
		wantContains(t, err.Error(), "KUBEBUILDER_ASSETS="+assets, "lacks etcd", "unset")
	}
}

// `eval $(tools env)` sets KUBEBUILDER_ASSETS to a folder of the cache; that must
// not outlive a change of version.
func TestKubebuilderAssetsOfTheCacheItselfDoNotCount(t *testing.T) {
	f := newFixture(t)
	t.Setenv("KUBEBUILDER_ASSETS", filepath.Join(f.cache, "kube-0ld"))
	in, _ := f.installer(t)
	if err := in.install(t.Context(), []string{"kube"}); err != nil {
		t.Fatal(err)
	}
	kube := f.load(t, "kube")
	if dir, err := in.assetsDir(kube); err != nil || dir != kube.dir {
		t.Errorf("assets are in %q, %v, want %q", dir, err, kube.dir)
	}
}
