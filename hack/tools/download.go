package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// downloadDir is the folder for the assets that setup-envtest finds for kube's minor version.
func (in *installer) downloadDir(kube, setup toolset) string {
	return filepath.Join(in.cache, "envtest-"+hash(setup.key, minorOf(kube.version)))
}

// download gets the assets by setup-envtest, which it builds first: it shares most
// of its packages with the Kubernetes programs, so that is no loss where it turns
// out that nothing can be downloaded.
func (in *installer) download(ctx context.Context, kube toolset) (string, error) {
	setup, err := in.load(ctx, setSetupEnvtest)
	if err != nil {
		return "", err
	}
	if err := in.build(ctx, setup, setup.names()); err != nil {
		return "", err
	}
	dir := in.downloadDir(kube, setup)
	err = in.fill(ctx, dir, assetNames(), func(ctx context.Context, tmp string, _ []string) (string, error) {
		return in.fetch(ctx, filepath.Join(setup.dir, setSetupEnvtest), minorOf(kube.version), tmp)
	})
	if err != nil {
		return "", err
	}
	return dir, nil
}

// fetch downloads the assets to a folder in tmp. Unless a download is what the
// user insists on, it gives up early, so that a build can start instead.
func (in *installer) fetch(ctx context.Context, program, version, tmp string) (string, error) {
	store := filepath.Join(tmp, "store")
	// setup-envtest must neither be satisfied with what lies around elsewhere, nor leave archives behind.
	env := append(os.Environ(), "TMPDIR="+tmp, "ENVTEST_INSTALLED_ONLY=", "ENVTEST_USE_ENV=", "KUBEBUILDER_ASSETS=")
	argv := func(args ...string) []string {
		args = append([]string{program}, append(args, "--bin-dir", store)...)
		if in.index != "" {
			args = append(args, "--index", in.index)
		}
		return append(args, version)
	}

	if in.from != fromDownload {
		probe, stop := context.WithTimeoutCause(ctx, in.indexTimeout,
			fmt.Errorf("setup-envtest's index did not answer within %s", in.indexTimeout))
		defer stop()
		out, err := command{dir: tmp, env: env, argv: argv("list")}.run(probe)
		if err != nil {
			return "", err
		}
		if !strings.Contains(string(out), "(available)") {
			return "", fmt.Errorf("setup-envtest's index has no %s for %s/%s", version, runtime.GOOS, runtime.GOARCH)
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, in.downloadTimeout,
			fmt.Errorf("the download took longer than %s", in.downloadTimeout))
		defer cancel()
	}

	in.report.say("downloading %s %s by setup-envtest, only once", strings.Join(assetNames(), ", "), version)
	start := time.Now()
	stop := in.report.beat(in.heartbeat, func(running time.Duration) string {
		return fmt.Sprintf("still downloading after %s", running)
	})
	out, err := command{dir: tmp, env: env, argv: argv("use", "--print", "path")}.run(ctx)
	stop()
	if err != nil {
		return "", err
	}
	in.report.say("downloaded them in %s", since(start))
	dir := strings.TrimSpace(string(out))
	// setup-envtest makes the folder read-only, but the files have to move out of it.
	return dir, os.Chmod(dir, 0o755)
}

// minorOf turns v1.37.2 into 1.37.x, setup-envtest's way to ask for any patch release.
func minorOf(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".") + ".x"
}
