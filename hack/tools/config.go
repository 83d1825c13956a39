package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Where kube-apiserver, etcd and kubectl come from (TOOLS_FROM).
const (
	fromAnywhere = "" // what is there, else a download if one answers, else a build
	fromBuild    = "build"
	fromDownload = "download"
)

// config is what a run takes from its surroundings.
type config struct {
	root   string // hack/tools of the checkout
	cache  string // folder that all checkouts share
	from   string // fromAnywhere, fromBuild or fromDownload
	mirror string // URL of a folder with the archives; "": where they are made
	assets string // KUBEBUILDER_ASSETS, unless it points into the cache

	answerTimeout   time.Duration // how long a server may take to answer
	downloadTimeout time.Duration // how long a download may take before building is the better bet
	heartbeat       time.Duration // between signs of life
}

// loadConfig reads the environment and finds the checkout around the working directory.
func loadConfig() (config, error) {
	cfg := config{
		from:            os.Getenv("TOOLS_FROM"),
		mirror:          os.Getenv("TOOLS_MIRROR"),
		answerTimeout:   5 * time.Second,
		downloadTimeout: 3 * time.Minute,
		heartbeat:       30 * time.Second,
	}
	switch cfg.from {
	case fromAnywhere, fromBuild, fromDownload:
	default:
		return config{}, fmt.Errorf("TOOLS_FROM is %q: set it to %q or %q, or unset it", cfg.from, fromBuild, fromDownload)
	}
	var err error
	if cfg.root, err = findRoot(); err != nil {
		return config{}, err
	}
	if cfg.cache, err = cacheDir(); err != nil {
		return config{}, err
	}
	if assets := os.Getenv("KUBEBUILDER_ASSETS"); assets != "" {
		if assets, err = filepath.Abs(assets); err != nil {
			return config{}, fmt.Errorf("KUBEBUILDER_ASSETS: %w", err)
		}
		// A value from an earlier `tools env` must not hold on to a version that
		// the checkout has left behind, or to a cache that was deleted.
		if !strings.HasPrefix(assets, cfg.cache+string(filepath.Separator)) {
			cfg.assets = assets
		}
	}
	return cfg, nil
}

// findRoot walks up from the working directory to the checkout's hack/tools.
func findRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		root := filepath.Join(dir, "hack", "tools")
		_, err := os.Stat(filepath.Join(root, "go.mod"))
		if err == nil {
			return root, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no hack/tools in %s or above it: run this inside the checkout", start)
		}
	}
}

func cacheDir() (string, error) {
	if dir := os.Getenv("ARGOSERVICE_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Abs(filepath.Join(dir, "argoservice"))
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no place for the tools: set ARGOSERVICE_CACHE: %w", err)
	}
	return filepath.Abs(filepath.Join(home, ".cache", "argoservice"))
}
