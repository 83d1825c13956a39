// Command tools puts the programs that the specs and the demo run into a cache
// outside the checkout, each set once per version: the Kubernetes control plane,
// Argo's workflow-controller, KWOK, and the linters. It also runs suites beside a load.
//
// Which programs, and which versions, is up to the tool modules beside it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

const usage = `usage: tools COMMAND

  install [SET...]        get what is missing of kube, argo, kwok (the default), lint
  env                     print the export lines that the specs need
  exec [--] CMD [ARG...]  run CMD with these variables set
  build DIR OUT PACKAGE   build a program of the checkout's module in DIR
  path SET                print the folder that the programs of SET were built into
  private PATH...         fail if another user can write to one of these, or to a folder above it
  busy TIMES SUITE... -- CMD [ARG...]
                          run CMD with each SUITE as its last argument, TIMES times beside a load on
                          every core, and report how many runs passed

settings, all of them optional:
  TOOLS_FROM              build or download: where kube-apiserver, etcd and kubectl come from
  TOOLS_MIRROR            URL of a folder that has the archives of envtest.sha512
  KUBEBUILDER_ASSETS      folder that has these three already
  ARGOSERVICE_CACHE       the cache (${XDG_CACHE_HOME:-$HOME/.cache}/argoservice)
`

// errUsage marks a command line that cannot be understood; it ends with exit code 2.
var errUsage = errors.New("run `tools help` for the commands")

// parentPoll is how often a long run looks whether whoever started it is still there.
const parentPoll = time.Second

func main() {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // under nohup it is, and has to stay so
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil:
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "tools:", err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "tools:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("no command: %w", errUsage)
	}
	name, args := args[0], args[1:]
	if name == "help" || name == "-h" || name == "--help" {
		_, err := io.WriteString(stdout, usage)
		return err
	}
	cfg, err := loadConfig()
	if err != nil {
		return err
	}
	in := &installer{config: cfg, report: &reporter{w: stderr}}

	switch name {
	case "install":
		ctx, stop := untilOrphaned(ctx, os.Getppid, parentPoll)
		defer stop()
		if len(args) == 0 {
			args = []string{setKube, setArgo, setKWOK}
		}
		return in.install(ctx, args)
	case "env":
		vars, err := in.environment(ctx)
		if err != nil {
			return err
		}
		return printExports(stdout, vars)
	case "exec":
		if len(args) > 0 && args[0] == "--" {
			args = args[1:]
		}
		if len(args) == 0 {
			return fmt.Errorf("exec: no command to run: %w", errUsage)
		}
		return in.exec(ctx, args)
	case "build":
		if len(args) != 3 {
			return fmt.Errorf("build: name the module's folder, the output and the package: %w", errUsage)
		}
		ctx, stop := untilOrphaned(ctx, os.Getppid, parentPoll)
		defer stop()
		return in.buildOwn(ctx, args[0], args[1], args[2])
	case "path":
		if len(args) != 1 {
			return fmt.Errorf("path: name one set: %w", errUsage)
		}
		dir, err := in.path(ctx, args[0])
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(stdout, dir)
		return err
	case "private":
		if len(args) == 0 {
			return fmt.Errorf("private: name a path: %w", errUsage)
		}
		for _, path := range args {
			if err := checkPrivate(path); err != nil {
				return err
			}
		}
		return nil
	case "busy":
		b, err := parseBusy(args)
		if err != nil {
			return err
		}
		ctx, stop := untilOrphaned(ctx, os.Getppid, parentPoll)
		defer stop()
		return in.busy(ctx, b)
	}
	return fmt.Errorf("unknown command %q: %w", name, errUsage)
}

// exec becomes the command argv with the tools' variables set. It returns only if
// it cannot: a tool is missing, or there is no such command.
func (in *installer) exec(ctx context.Context, argv []string) error {
	vars, err := in.environment(ctx)
	if err != nil {
		return err
	}
	file, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	for _, v := range vars {
		if err := os.Setenv(v.name, v.value); err != nil {
			return err
		}
	}
	return os.NewSyscallError("exec "+file, syscall.Exec(file, argv, os.Environ()))
}
