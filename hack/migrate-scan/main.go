// Command migrate-scan finds what a source tree still has of the old ArgoService: its Python API,
// and kubectl and argo run as processes. For each place it tells what replaces it in this library.
// `make -s migrate-scan ARGS="[flags] DIR…"` in the repository's root builds and runs it.
//
// Exit codes: 0; 1 where something was found and --fail-on-found is given; 2 for wrong flags, a
// DIR that cannot be read, or output that cannot be written.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

const (
	exitFound = 1
	exitWrong = 2
)

func main() {
	debug.SetGCPercent(400) // a short run with little that stays: memory is cheaper than time
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run does everything and returns the exit code.
func run(args []string, out, errOut io.Writer) int {
	c, err := parseConfig(args, errOut)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(errOut, "migrate-scan:", printable(err.Error()))
		return exitWrong
	}
	progress := newProgress(errOut)
	sources, troubles, err := listSources(c.dirs)
	if err != nil {
		fmt.Fprintln(errOut, "migrate-scan:", printable(err.Error()))
		return exitWrong
	}
	found := newReport(scan(sources, progress), troubles, c.sure)
	progress.end()

	var text bytes.Buffer // all or nothing
	if err = c.write(&text, found); err == nil {
		_, err = out.Write(text.Bytes())
	}
	if err != nil {
		fmt.Fprintln(errOut, "migrate-scan: write the findings:", printable(err.Error()))
		return exitWrong
	}
	if c.failOnFound && len(found.Findings) > 0 {
		return exitFound
	}
	return 0
}
