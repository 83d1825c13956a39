// Command api keeps docs/api, the exported API of each public package, one line for each thing, so
// that no change of it goes unseen. A file there is Go, without comments and bodies: a diff of it
// reads as one of code, and it can be compiled and compared again at any time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "api:", err)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("api", flag.ContinueOnError)
	flags.SetOutput(out)
	root := flags.String("root", ".", "the root of the repository")
	write := flags.Bool("write", false, "write docs/api; else it is an error if it is out of date")
	since := flags.String("since", "", "also say what has changed since this commit or tag (default: the last tag v…, if there is one)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", flags.Arg(0))
	}

	now, err := load(ctx, *root)
	if err != nil {
		return err
	}
	before, err := readFolder(*root)
	if err != nil {
		return err
	}
	stale := now.differences(before)
	if len(stale) > 0 {
		if err := report(out, "in "+folder, before, now); err != nil && !*write {
			return err
		} else if err != nil {
			fmt.Fprintln(out, err) // such as a file that two branches have changed: it is written anew
		}
	}
	if err := reportSince(ctx, out, *root, *since, now); err != nil {
		return err
	}
	switch {
	case len(stale) == 0:
		return nil
	case *write:
		return now.writeFolder(*root, before)
	}
	for _, name := range stale {
		fmt.Fprintf(out, "%s/%s is out of date\n", folder, name)
	}
	return errors.New("the exported API is not what docs/api says: look at the changes above, and run make api")
}
