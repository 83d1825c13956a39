package main

import (
	"context"
	"fmt"
	"strings"
)

// assetNames are the programs that KUBEBUILDER_ASSETS stands for. The others of
// the kube set are not published for download, so they are always built.
func assetNames() []string { return []string{"kube-apiserver", "etcd", "kubectl"} }

// installKube gets the three assets from where they can be had soonest, and
// builds the rest of the set. What has to be built is built together.
func (in *installer) installKube(ctx context.Context, kube toolset) error {
	if err := in.adopt(ctx, kube.dir, kube.names()); err != nil {
		return err
	}
	dir, err := in.assetsDir(kube)
	if err != nil {
		return err
	}
	if dir == "" && in.from != fromBuild {
		dir, err = in.download(ctx, kube)
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if in.from == fromDownload {
				return fmt.Errorf("TOOLS_FROM=download failed, unset it to build instead: %w", err)
			}
			in.report.say("no download of %s: %v", strings.Join(assetNames(), ", "), err)
		}
	}
	if dir == "" || dir == kube.dir {
		return in.build(ctx, kube, kube.names())
	}
	return in.build(ctx, kube, kube.names(assetNames()...))
}

// assetsDir returns the folder that has the three assets, "" if none has them yet.
func (in *installer) assetsDir(kube toolset) (string, error) {
	if in.assets != "" {
		if missing := missingIn(in.assets, assetNames()); len(missing) > 0 {
			return "", fmt.Errorf("KUBEBUILDER_ASSETS=%s lacks %s: put it there, or unset KUBEBUILDER_ASSETS",
				in.assets, strings.Join(missing, ", "))
		}
		return in.assets, nil
	}
	dirs := []string{kube.dir}
	if in.from != fromBuild {
		a, err := in.pinned(kube.version)
		switch {
		case err == nil && in.from == fromDownload:
			dirs = []string{in.downloadDir(a)}
		case err == nil:
			dirs = append(dirs, in.downloadDir(a))
		case in.from == fromDownload:
			return "", fmt.Errorf("TOOLS_FROM=download cannot work, unset it to build instead: %w", err)
		}
	}
	for _, dir := range dirs {
		if len(missingIn(dir, assetNames())) > 0 {
			continue
		}
		lacking, err := in.lacking(dir, assetNames())
		if err != nil {
			return "", err
		}
		if len(lacking) == 0 {
			return dir, nil
		}
	}
	return "", nil
}
