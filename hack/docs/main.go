// Command docs checks the documentation: every link leads somewhere, every snippet is what it says,
// every target, path, test and name that is mentioned is there, every target and script that is
// mentioned is run by .ci/run in some form, every exported name is explained, every verb has an
// example, and what is drawn from the code is up to date. It reports all that it finds, each with its
// place.
//
// A snippet of Go is compiled. A whole file is taken as it is. Of a fragment, a comment of HTML above
// it, which readers don't see, says how:
//
//	<!-- snippet of pkg/workflow/example_test.go -->
//
// it is a part of that file, which is compiled, and as an example run, with its package's tests;
//
//	<!-- snippet
//	import "k8s.io/client-go/rest"
//	var cfg *rest.Config
//	-->
//
// it is the body of a function that has a ctx and returns an error, in a file that has these
// declarations besides; "snippet in adapters/opensearch" names the module to compile it in, which
// is that of the page by default;
//
//	<!-- snippet not compiled: it shows what the compiler refuses -->
//
// it is left alone, for that reason.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "docs:", err)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("docs", flag.ContinueOnError)
	flags.SetOutput(out)
	root := flags.String("root", ".", "the root of the repository")
	online := flags.Bool("online", false, "ask for links to elsewhere, too")
	write := flags.Bool("write", false, "draw what is drawn from the code")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	absolute, err := filepath.Abs(*root)
	if err != nil {
		return err
	}
	if *write {
		if err := writeDrawings(absolute); err != nil {
			return err
		}
	}
	pages, err := readPages(absolute)
	if err != nil {
		return err
	}
	problems, err := check(ctx, absolute, pages)
	if err != nil {
		return err
	}
	if *online {
		problems = append(problems, checkOnline(ctx, pages)...)
	}
	slices.SortStableFunc(problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line))
	})
	for _, p := range problems {
		fmt.Fprintln(out, p)
	}
	if len(problems) > 0 {
		return fmt.Errorf("%d problems in the documentation", len(problems))
	}
	return nil
}

// problem is something to mend.
type problem struct {
	file string // from the root on
	line int
	text string
}

func (p problem) String() string { return fmt.Sprintf("%s:%d: %s", p.file, p.line, p.text) }

// check does all that needs no network. An error is one of the check itself.
func check(ctx context.Context, root string, pages []*page) ([]problem, error) {
	var problems []problem
	targets, err := makeTargets(root)
	if err != nil {
		return nil, err
	}
	ran, ranText, err := runByCI(root)
	if err != nil {
		return nil, err
	}
	names, err := readIndex(root)
	if err != nil {
		return nil, err
	}
	problems = append(problems, checkLinks(root, pages)...)
	problems = append(problems, checkMentions(root, pages, names)...)
	for _, page := range pages {
		problems = append(problems, checkData(page)...)
		problems = append(problems, checkCommands(ctx, root, page, targets)...)
		problems = append(problems, checkRun(root, page, ran, ranText)...)
	}
	for _, look := range []func() ([]problem, error){
		func() ([]problem, error) { return checkSnippets(ctx, root, pages) },
		func() ([]problem, error) { return checkNames(root, names) },
		func() ([]problem, error) { return checkDrawings(root) },
	} {
		found, err := look()
		if err != nil {
			return nil, err
		}
		problems = append(problems, found...)
	}
	return problems, nil
}
