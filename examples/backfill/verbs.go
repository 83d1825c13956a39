package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// verb is a command of this program.
type verb struct {
	name, operands, summary string
	least, most             int // number of operands; most -1: unlimited
	details                 string
	flags                   func(*pflag.FlagSet, *flags) // nil: no flags of its own
	// run returns what to show, or nil if it has already shown it.
	run func(context.Context, *command) (result, error)
}

func verbs() []verb {
	follow := func(set *pflag.FlagSet, f *flags) {
		set.BoolVar(&f.follow, "follow", false, "show its progress until it has ended")
		followEvery(set, f)
	}
	deciding := func(set *pflag.FlagSet, f *flags) {
		set.BoolVar(&f.all, "all", false, "all waiting gates")
		set.StringVar(&f.message, "message", "", "the reason, recorded on the gates")
	}
	return []verb{
		{name: "create", summary: "check that it can be started, without starting it", run: create,
			details: "Lists missing templates, parameters and permissions."},
		{name: "start", summary: "start it, resume it after a pause, or find the running one", run: start, flags: follow,
			details: "It approves no gates, and doesn't start an ended backfill again: see restart. With --follow the exit code is 0 only if it succeeds."},
		{name: "restart", summary: "start it again after it has ended", run: restart, flags: follow,
			details: "The workers continue from the existing working state."},
		{name: "status", summary: "show its status", run: showStatus,
			details: "With --watch the exit code is 0 only if it succeeds.",
			flags: func(set *pflag.FlagSet, f *flags) {
				set.BoolVar(&f.follow, "watch", false, "show its progress until it has ended")
				followEvery(set, f)
			}},
		{name: "history", summary: "list the runs, with outcome and who decided about gates", run: history,
			details: "With --journal also those whose workflow was deleted, and who approved or rejected what, when and why."},
		{name: "gates", summary: "list the waiting gates", run: gates},
		{name: "approve", operands: "GATE…", most: -1, summary: "approve gates by name, ID or pattern, or --all", run: approve,
			details: "Your name is recorded on the gates. A gate that asks for approved-by gets it too, unless --output sets another value. Approving a gate again is a success.",
			flags: func(set *pflag.FlagSet, f *flags) {
				deciding(set, f)
				set.StringArrayVar(&f.outputs, "output", nil, "an output of the gate, as name=value; can be repeated")
			}},
		{name: "reject", operands: "GATE…", most: -1, summary: "reject gates by name, ID or pattern, or --all", run: reject, flags: deciding,
			details: "Your name is recorded on the gates. Rejecting a gate again is a success."},
		{name: "pause", summary: "suspend it and scale its workers to zero, until start", run: pause},
		{name: "scale", operands: "N", least: 1, most: 1, summary: "set the number of workers", run: scale,
			details: "While it is paused: the number that start restores."},
		{name: "stop", summary: "stop it and its workers", run: stop,
			flags: func(set *pflag.FlagSet, f *flags) {
				set.BoolVar(&f.wait, "wait", false, "wait until it has ended and no pod remains")
			}},
		{name: "delete", summary: "delete the workflow of the last run, which has ended", run: deleteWorkflow,
			details: "A ttlStrategy does the same. With --journal the run stays known, and start doesn't start it again."},
		{name: "archive", summary: "write the working state to a file, and delete it from the target cluster", run: archive,
			details: "It is a success if there is none. The file is complete before anything is deleted.",
			flags: func(set *pflag.FlagSet, f *flags) {
				set.StringVar(&f.dir, "dir", "", "folder; default: $SHARED_LOGS_DIR_PATH/backfill_working_state, or ./backfill_working_state")
				set.StringVar(&f.file, "file", "", "name of the file; default: working_state_backup_<now>.json")
			}},
		{name: "restore", operands: "FILE", least: 1, most: 1, summary: "write an archive back to the target cluster", run: restore},
		{name: "describe", summary: "show the parsed configuration, with secrets masked", run: describe},
	}
}

func followEvery(set *pflag.FlagSet, f *flags) {
	set.DurationVar(&f.every, "every", backfill.DefaultShardsEvery, "the interval for reading the target cluster")
}

func verbNames() []string {
	var names []string
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	return names
}

func findVerb(name string) (verb, error) {
	all := verbs()
	if i := slices.IndexFunc(all, func(v verb) bool { return v.name == name }); i >= 0 {
		return all[i], nil
	}
	return verb{}, &inputError{fmt.Errorf("unknown verb %q; the verbs are: %s", name, strings.Join(verbNames(), ", "))}
}
