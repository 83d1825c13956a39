package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

const exitCodes = `
Exit codes: 0 done; with --follow and --watch: the backfill has succeeded
            1 failure; also a target cluster that is blocked (read-only, disk full)
            2 invalid input: command line, configuration, or something that this provider can't do
            3 not found: template, gate, workers, or a backfill that was not started
            4 it exists already and differs: session, archive, a gate's decision
            5 permission denied, by the cluster or by the target cluster
          130 interrupted; run the same command again to complete it
`

// overview is the general help.
func overview(common *pflag.FlagSet) string {
	var b strings.Builder
	b.WriteString("backfill --config FILE [flags] VERB: run the backfill that a configuration describes\n\nVerbs (backfill VERB --help says more):\n")
	for _, v := range verbs() {
		fmt.Fprintf(&b, "  %-14s %s\n", strings.TrimSpace(v.name+" "+v.operands), v.summary)
	}
	return b.String() + "\nFlags:\n" + common.FlagUsages() + exitCodes
}

// help returns the help of a verb with its own flags.
func (v verb) help(own *pflag.FlagSet) string {
	text := fmt.Sprintf("backfill --config FILE %s: %s\n", strings.TrimSpace(v.name+" "+v.operands), v.summary)
	if v.details != "" {
		text += v.details + "\n"
	}
	if usages := own.FlagUsages(); usages != "" {
		text += "\nFlags, besides those of all verbs (backfill --help):\n" + usages
	}
	return text
}
