// Command vulncheck looks for known vulnerabilities that the code of modules can reach, with
// govulncheck. Whether that can be done at all is found out by itself: the database is asked for its
// date before, and where govulncheck has failed, once more. So a database that is away is never taken
// for a failure, and a failure of anything else, such as a module that can't be downloaded, never for a
// database that is away.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

const usage = `usage: vulncheck [flags] GOVULNCHECK MODULE...

GOVULNCHECK is the program, a MODULE the folder of one.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stderr)
	stop()
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "vulncheck:", err)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("vulncheck", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() { fmt.Fprint(out, usage); flags.PrintDefaults() }
	database := flags.String("db", "https://vuln.go.dev", "the database of vulnerabilities")
	required := flags.Bool("required", false, "a database that can't be reached is an error; else that is said, and nothing is checked")
	patience := flags.Duration("timeout", 30*time.Second, "how long the database may take for its first answer")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() < 2 {
		flags.Usage()
		return errors.New("no program or no module")
	}

	away := func() error { return reach(ctx, *database, *patience) }
	skip := func(err error) error {
		if *required {
			return err
		}
		fmt.Fprintf(out, "vulncheck: skipped, %v\n", err)
		return nil
	}
	err := away()
	if unreachable := (*unreachableError)(nil); errors.As(err, &unreachable) {
		return skip(err)
	} else if err != nil {
		return err
	}
	found := false
	for _, module := range flags.Args()[1:] {
		err := check(ctx, flags.Arg(0), *database, module, out)
		if errors.Is(err, errFound) {
			found = true
			continue
		}
		if err == nil {
			continue
		}
		if unreachable := (*unreachableError)(nil); ctx.Err() == nil && !found && errors.As(away(), &unreachable) {
			return skip(unreachable)
		}
		return err
	}
	if found {
		return errFound
	}
	return nil
}

// errFound: there are vulnerabilities that the code can reach.
var errFound = errors.New("there are known vulnerabilities")

// check has govulncheck look at one module.
func check(ctx context.Context, program, database, module string, out io.Writer) error {
	cmd := exec.CommandContext(ctx, program, "-db", database, "-C", module, "./...")
	text, err := cmd.CombinedOutput()
	if err == nil {
		fmt.Fprintf(out, "vulncheck %s: none known\n", module)
		return nil
	}
	fmt.Fprintf(out, "vulncheck %s:\n%s\n", module, text)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 3 { // which is for that alone
		return errFound
	}
	return fmt.Errorf("%s of %s: %w", program, module, err)
}
