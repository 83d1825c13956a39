package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"
)

// settings are what the command line says.
type settings struct {
	listen, metrics       string
	configs               files
	kubeconfig, namespace string
	every                 time.Duration
	drain                 time.Duration
	finish                time.Duration // see finishWithin
	level                 slog.Level
}

// files is a flag that can be given more than once.
type files []string

func (f *files) String() string { return strings.Join(*f, ",") }

func (f *files) Set(path string) error {
	*f = append(*f, path)
	return nil
}

// parse reads the command line; help goes to out.
func parse(args []string, out io.Writer) (settings, error) {
	s := settings{finish: finishWithin}
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // an error is one line, and that is the caller's
	flags.StringVar(&s.listen, "listen", ":8080", "where to serve, as `host:port`; port 0 is a free one")
	flags.StringVar(&s.metrics, "metrics", "", "where to serve /metrics, as `host:port`; default: nowhere")
	flags.Var(&s.configs, "config", "configuration of a backfill, the migration console's YAML `file`; one for each backfill, required")
	flags.StringVar(&s.kubeconfig, "kubeconfig", "", "`file`; default: $KUBECONFIG, else the pod's service account")
	flags.StringVar(&s.namespace, "namespace", "", "of backfills whose configuration names none; default: the pod's, else the kubeconfig's, else ma")
	flags.DurationVar(&s.every, "every", 2*time.Second, "how often to look after workers and shards, while somebody watches")
	flags.DurationVar(&s.drain, "drain", 5*time.Second, "how long to go on after SIGTERM, reporting not to be ready, until nobody sends requests here")
	flags.TextVar(&s.level, "log", slog.LevelInfo, "least `level` to log: debug, info, warn or error")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, "Usage: service --config FILE [flags]\n\n")
		flags.SetOutput(out)
		flags.PrintDefaults()
		return s, err
	case err != nil:
		return s, err
	case flags.NArg() > 0:
		return s, fmt.Errorf("unexpected argument %s", flags.Arg(0))
	case len(s.configs) == 0:
		return s, errors.New("--config FILE is required")
	case !address(s.listen):
		return s, fmt.Errorf("--listen %s: must be host:port or :port", s.listen)
	case s.metrics != "" && !address(s.metrics):
		return s, fmt.Errorf("--metrics %s: must be host:port or :port", s.metrics)
	case s.every < 100*time.Millisecond:
		return s, fmt.Errorf("--every %s: must be at least 100ms", s.every)
	case s.drain < 0:
		return s, fmt.Errorf("--drain %s: must not be negative", s.drain)
	}
	return s, nil
}

func address(text string) bool {
	_, _, err := net.SplitHostPort(text)
	return err == nil
}
