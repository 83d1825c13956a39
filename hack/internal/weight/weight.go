// Package weight builds programs as one ships them and says how heavy they are.
package weight

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// What the smallest program with this library that starts a workflow and waits for its end
// has to stay under.
const (
	MaxBytes   = 12_000_000
	MaxModules = 30
)

// Weight is what a program costs its host.
type Weight struct {
	// Bytes is the size of the stripped binary.
	Bytes int64
	// Modules is how many modules are linked into it, beside its own.
	Modules int
}

// Of builds the package pkg of the module in dir as for an image, stripped and without cgo, and
// weighs it. It blocks for as long as the compiler takes and leaves nothing behind but the
// compiler's cache, which the image of examples/service shares.
func Of(ctx context.Context, dir, pkg string) (w Weight, err error) {
	temp, err := os.MkdirTemp("", "weight-")
	if err != nil {
		return Weight{}, fmt.Errorf("make folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	program := filepath.Join(temp, "program")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", program, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return Weight{}, fmt.Errorf("build %s in %s: %w\n%s", pkg, dir, err, output)
	}
	file, err := os.Stat(program)
	if err != nil {
		return Weight{}, fmt.Errorf("weigh: %w", err)
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return Weight{}, fmt.Errorf("read build information: %w", err)
	}
	return Weight{Bytes: file.Size(), Modules: len(info.Deps)}, nil
}
