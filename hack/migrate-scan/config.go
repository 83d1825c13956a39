package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// config is what a run is asked to do.
type config struct {
	dirs        []string
	write       func(io.Writer, *report) error
	sure        old.Sure // findings that are less sure are left out
	failOnFound bool
}

// parseConfig reads the command line; flags may stand before and behind the folders.
func parseConfig(args []string, out io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("migrate-scan", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what is wrong with a flag is told once, by main
	format := flags.String("format", "table", "how findings are written: table, json or sarif")
	sure := flags.String("sure", old.Possible.String(), "leave out what is less sure: possible, likely or certain")
	flags.BoolVar(&c.failOnFound, "fail-on-found", false, "end with exit code 1 if something is found")
	for len(args) > 0 {
		if err := flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				usage(out, flags)
				return c, err
			}
			return c, fmt.Errorf("%w; the flags are --format, --sure and --fail-on-found", err)
		}
		rest := flags.Args()
		if read := len(args) - len(rest); read > 0 && args[read-1] == "--" {
			c.dirs = append(c.dirs, rest...)
			break
		}
		if len(rest) == 0 {
			break
		}
		c.dirs, args = append(c.dirs, rest[0]), rest[1:]
	}
	return c, c.check(*format, *sure)
}

func (c *config) check(format, sure string) error {
	switch format {
	case "table":
		c.write = writeTable
	case "json":
		c.write = writeJSON
	case "sarif":
		c.write = writeSARIF
	default:
		return fmt.Errorf("--format: %q is none of table, json and sarif", format)
	}
	var err error
	if c.sure, err = old.ParseSure(sure); err != nil {
		return fmt.Errorf("--sure: %w", err)
	}
	if len(c.dirs) == 0 {
		return errors.New("say which folders to look through, e.g. migrate-scan --format json DIR")
	}
	if slices.Contains(c.dirs, "") {
		return errors.New(`DIR: "" is no folder; "." is the present one`)
	}
	return nil
}

func usage(out io.Writer, flags *flag.FlagSet) {
	fmt.Fprint(out, strings.TrimLeft(`
migrate-scan [flags] DIR…

Finds uses of the old ArgoService in Python, Go, shell, Makefiles and Dockerfiles, and says
what replaces them. Flags:

`, "\n"))
	flags.SetOutput(out)
	flags.PrintDefaults()
}
