package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// installer gets the tools. Several may run at once, in one process or in many:
// the lock of each folder makes one do the work and the others wait.
type installer struct {
	config
	report *reporter
}

// install gets what is missing of the named sets, one after the other. It blocks
// for minutes where something has to be built, and for no time where all is there.
func (in *installer) install(ctx context.Context, names []string) error {
	for _, name := range names {
		set, err := in.load(ctx, name)
		if err != nil {
			return err
		}
		if name == setKube {
			err = in.installKube(ctx, set)
		} else {
			err = in.build(ctx, set, set.names())
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if recipeOf(name).manifests != "" {
			if _, err := in.manifests(ctx, set, true); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	in.report.say("%s: all there, in %s", strings.Join(names, ", "), in.cache)
	return nil
}

// build makes the named programs of a set that are not there yet, all in one go
// command: it links the first while it still compiles the last.
func (in *installer) build(ctx context.Context, set toolset, names []string) error {
	return in.fill(ctx, set.dir, names, func(ctx context.Context, tmp string, missing []string) (string, error) {
		out := filepath.Join(tmp, "out")
		args := slices.Concat([]string{"go", "build"}, set.flags, []string{"-o", out + "/"})
		for _, t := range set.tools {
			if slices.Contains(missing, t.name) {
				args = append(args, t.pkg)
			}
		}
		in.report.say("building %s from the modules that %s lists%s; this can take minutes, but only once",
			strings.Join(missing, ", "), filepath.Join(set.src, "go.mod"), parenthesized(set.version))
		start := time.Now()
		stop := in.report.beat(in.heartbeat, func(running time.Duration) string {
			done, _ := os.ReadDir(out) // no folder: none yet
			return fmt.Sprintf("still building %s after %s, %d of %d done", set.name, running, len(done), len(missing))
		})
		_, err := command{dir: set.src, env: buildEnv(tmp), argv: args}.run(ctx)
		stop()
		if err != nil {
			return "", err
		}
		for _, t := range set.tools {
			if t.built != t.name && slices.Contains(missing, t.name) {
				if err := os.Rename(filepath.Join(out, t.built), filepath.Join(out, t.name)); err != nil {
					return "", err
				}
			}
		}
		in.report.say("built %s in %s", strings.Join(missing, ", "), since(start))
		return out, nil
	})
}

// path returns the folder that the set was built into, or an error if a program is missing.
func (in *installer) path(ctx context.Context, name string) (string, error) {
	set, err := in.load(ctx, name)
	if err != nil {
		return "", err
	}
	missing, err := in.lacking(set.dir, set.names())
	if err != nil {
		return "", err
	}
	if len(missing) > 0 {
		return "", fmt.Errorf("%s of %s not installed: run `tools install %s`", strings.Join(missing, ", "), name, name)
	}
	return set.dir, nil
}

func parenthesized(version string) string {
	if version == "" {
		return ""
	}
	return " (" + version + ")"
}

// buildOwn builds a program of the checkout itself: of the module in dir, a folder relative
// to the working directory. It is here, and not a plain go build in the Makefile, so that
// it ends when make does.
func (in *installer) buildOwn(ctx context.Context, dir, out, pkg string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	// -buildvcs=false: the checkout may belong to somebody git doesn't trust, and nobody reads the stamp.
	if _, err = (command{dir: dir, argv: []string{"go", "build", "-buildvcs=false", "-o", out, pkg}}).run(ctx); err != nil {
		return err
	}
	return os.Chmod(out, 0o755) // whatever the user's umask is
}
