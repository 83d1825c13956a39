// Command migrate-scan finds what a source tree still has of the old ArgoService: its Python API,
// and kubectl and argo run as processes. For each place it names the replacement in this library.
// `make -s migrate-scan ARGS="[flags] DIR…"` in the repository's root builds and runs it.
//
// Exit codes: 0; 1 if something was found and --fail-on-found is set; 2 for wrong flags, a DIR
// that cannot be read, or output that cannot be written.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/pflag"
)

const exitFound, exitWrong = 1, 2

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// config is what the command line asks for.
type config struct {
	dirs                  []string
	format                string
	onlySure, failOnFound bool
}

// run does everything and returns the exit code. It writes the whole report, or nothing.
func run(args []string, out, errOut io.Writer) int {
	c, err := parseArgs(args, errOut)
	if errors.Is(err, pflag.ErrHelp) {
		return 0
	}
	found := &report{}
	if err == nil {
		found, err = scan(c)
	}
	if err == nil {
		_, err = out.Write(found.encode(c.format))
	}
	switch {
	case err != nil:
		fmt.Fprintln(errOut, "migrate-scan:", printable(err.Error()))
		return exitWrong
	case c.failOnFound && len(found.Findings) > 0:
		return exitFound
	}
	return 0
}

// parseArgs reads the command line. Flags can be before and after folders.
func parseArgs(args []string, out io.Writer) (config, error) {
	var c config
	flags := pflag.NewFlagSet("migrate-scan", pflag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() {
		fmt.Fprintf(out, "migrate-scan [flags] DIR…\n\nFinds uses of the old ArgoService, and names the replacement of each.\n\n%s", flags.FlagUsages())
	}
	flags.StringVar(&c.format, "format", "table", "the output's format: table, json or sarif")
	flags.BoolVar(&c.onlySure, "sure", false, "report only what is sure")
	flags.BoolVar(&c.failOnFound, "fail-on-found", false, "return exit code 1 if something is found")
	err := flags.Parse(args)
	c.dirs = flags.Args()
	switch {
	case errors.Is(err, pflag.ErrHelp):
	case err != nil:
		err = fmt.Errorf("%w; the flags are --format, --sure and --fail-on-found", err)
	case !slices.Contains([]string{"table", "json", "sarif"}, c.format):
		err = fmt.Errorf("--format: %q is none of table, json and sarif", c.format)
	case len(c.dirs) == 0:
		err = errors.New("no folder is given; for example: migrate-scan --format json DIR")
	case slices.Contains(c.dirs, ""):
		err = errors.New(`DIR: "" is not a folder; "." is the current one`)
	}
	return c, err
}
