package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
)

// settings are what the command line says.
type settings struct {
	address            string
	namespace, session string
	shards             int
	untilPaused        int
	perShard, lease    time.Duration
	fail, opensearch   bool
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("target", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.address, "address", "127.0.0.1:0", "where to serve; port 0 is a free one")
	flags.StringVar(&s.namespace, "namespace", "ma", "namespace of the workers")
	flags.StringVar(&s.session, "session", "demo", "session of the backfill")
	flags.IntVar(&s.shards, "shards", 12, "how many shards there are to load")
	flags.IntVar(&s.untilPaused, "until-paused", 0, "complete no more shards until all workers have gone once; 0: no such limit")
	flags.DurationVar(&s.perShard, "per-shard", time.Second, "how long a worker takes for a shard")
	flags.DurationVar(&s.lease, "lease", 10*time.Minute, "how long a worker may have a shard")
	flags.BoolVar(&s.fail, "fail", false, "say in the end that the load has failed")
	flags.BoolVar(&s.opensearch, "opensearch", false, "use the real server at OPENSEARCH_URL, which must demand no user, instead of a double")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	var problem error
	switch {
	case flags.NArg() > 0:
		problem = fmt.Errorf("unexpected argument %s", flags.Arg(0))
	case s.session == "" || s.namespace == "":
		problem = errors.New("-session and -namespace must not be empty")
	case s.shards < 1:
		problem = fmt.Errorf("-shards %d: must be at least 1", s.shards)
	case s.untilPaused < 0:
		problem = fmt.Errorf("-until-paused %d: must not be negative", s.untilPaused)
	case s.perShard <= 0:
		problem = fmt.Errorf("-per-shard %s: must be more than 0", s.perShard)
	case s.lease < time.Second:
		problem = fmt.Errorf("-lease %s: must be at least 1s", s.lease)
	}
	if problem != nil {
		fmt.Fprintln(stderr, "target:", problem)
	}
	return s, problem
}
