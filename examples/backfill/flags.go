package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

const (
	formatText = "text"
	formatJSON = "json"
)

// flags are the flags on the command line.
type flags struct {
	config, kubeconfig, context, format string
	journalFile                         string
	operands                            []string

	// These are for some verbs only.
	follow, wait, all bool
	every             time.Duration
	outputs           []string
	message           string
	dir, file         string
}

// command is a verb with its backfill and output.
type command struct {
	flags
	*opened

	verb verb
	out  io.Writer
}

// session returns the backfill's session.
func (c *command) session() string { return c.backfill.Describe().SessionName() }

// helpError is not a failure: the user requested help.
type helpError struct{ text string }

func (e *helpError) Error() string { return "help was requested" }

func commonFlags(f *flags) *pflag.FlagSet {
	set := pflag.NewFlagSet("backfill", pflag.ContinueOnError)
	set.Usage = func() {} // an error is one line
	set.SortFlags = false
	set.StringVar(&f.config, "config", "", "configuration of the migration console (YAML); required")
	set.StringVar(&f.kubeconfig, "kubeconfig", "", "default: $KUBECONFIG, ~/.kube/config, or in a pod its service account")
	set.StringVar(&f.context, "context", "", "context of the kubeconfig; default: its current one")
	set.StringVar(&f.journalFile, "journal", "", "`file` that remembers the workflows after they are deleted, and who decided; created if it is missing; use the same one for each verb")
	set.StringVarP(&f.format, "format", "o", formatText, "text, or json: a result or error is one line on standard output")
	return set
}

// parse reads the command line: flags for all verbs may come before or after the verb.
func parse(args []string) (*command, error) {
	c := &command{}
	common := commonFlags(&c.flags)
	common.SetInterspersed(false)
	if err := common.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return nil, &helpError{overview(common)}
		}
		return nil, &inputError{err}
	}
	rest := common.Args()
	switch {
	case len(rest) == 0:
		return nil, &inputError{errors.New("a verb is required: " + strings.Join(verbNames(), ", "))}
	case rest[0] == "help" && len(rest) == 1:
		return nil, &helpError{overview(common)}
	case rest[0] == "help":
		rest = []string{rest[1], "--help"}
	}
	var err error
	if c.verb, err = findVerb(rest[0]); err != nil {
		return nil, err
	}
	own := pflag.NewFlagSet(c.verb.name, pflag.ContinueOnError)
	own.Usage = func() {}
	own.SortFlags = false
	if c.verb.flags != nil {
		c.verb.flags(own, &c.flags)
	}
	help := c.verb.help(own)
	own.AddFlagSet(common)
	if err := own.Parse(rest[1:]); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return nil, &helpError{help}
		}
		return nil, &inputError{fmt.Errorf("%s: %w", c.verb.name, err)}
	}
	c.operands = own.Args()
	return c, c.check()
}

func (c *command) check() error {
	v := c.verb
	switch {
	case len(c.operands) < v.least:
		return &inputError{fmt.Errorf("%s: %s is missing", v.name, v.operands)}
	case v.most >= 0 && len(c.operands) > v.most:
		return &inputError{fmt.Errorf("%s: unexpected argument %s", v.name, c.operands[v.most])}
	case c.config == "":
		return &inputError{errors.New("--config FILE is required")}
	case c.format != formatText && c.format != formatJSON:
		return &inputError{fmt.Errorf("-o %s: must be %s or %s", c.format, formatText, formatJSON)}
	case c.every < 0:
		return &inputError{fmt.Errorf("--every %s: must not be negative", c.every)}
	}
	return nil
}

// wantsJSON looks at the raw arguments, since an error may be about them.
func wantsJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	for i, arg := range args {
		switch arg {
		case "-ojson", "-o=json", "--format=json":
			return true
		case "-o", "--format":
			if i+1 < len(args) && args[i+1] == formatJSON {
				return true
			}
		}
	}
	return false
}
