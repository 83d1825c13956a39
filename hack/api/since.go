package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path"
	"strings"
)

// reportSince says what has changed since a commit or tag. Without one it takes the last tag of the
// root module, which begins with its folder in the git repository; a checkout that has none, or is
// none of git's, says nothing.
func reportSince(ctx context.Context, out io.Writer, root, since string, now *api) error {
	if since == "" {
		prefix, err := git(ctx, root, "rev-parse", "--show-prefix")
		if err != nil {
			return nil //nolint:nilerr // no git: there is nothing to compare with
		}
		tag, err := git(ctx, root, "describe", "--tags", "--abbrev=0", "--match="+strings.TrimSpace(prefix)+"v*")
		if err != nil {
			return nil //nolint:nilerr // no tag: there is nothing to compare with
		}
		since = strings.TrimSpace(tag)
	}
	before, err := committed(ctx, root, since)
	if err != nil {
		return err
	}
	return report(out, "of "+since, before, now)
}

// committed reads docs/api as it was at a commit. Where it was not there yet, that is an error.
func committed(ctx context.Context, root, revision string) (snapshots, error) {
	list, err := git(ctx, root, "ls-tree", "--name-only", revision, folder+"/")
	if err != nil {
		return nil, err
	}
	texts := snapshots{}
	for file := range strings.FieldsSeq(list) {
		if path.Ext(file) != ".txt" {
			continue
		}
		text, err := git(ctx, root, "show", revision+":./"+file)
		if err != nil {
			return nil, err
		}
		texts[path.Base(file)] = text
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("%s has no %s", revision, folder)
	}
	return texts, nil
}

func git(ctx context.Context, root string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", root}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
