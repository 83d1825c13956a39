package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// config is what a run is asked to do.
type config struct {
	sizes    []int // how many workflows are waited for, ascending
	windows  int   // of ours and the informer, at the largest size
	window   time.Duration
	warmUp   time.Duration
	interval time.Duration // of polling
	rate     int           // changes a second
	graph    string        // file for the graph; "": none
	profile  string        // folder for profiles; "": none
	short    bool          // no limit counts

	peer string // a task: this process is a peer
}

// fewWindows have to do at other sizes than the largest.
const fewWindows = 2

func parseConfig(args []string, out io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	flags.SetOutput(out)
	sizes := flags.String("sizes", "100,1000,10000", "how many workflows are waited for, ascending; limits are for the last")
	flags.IntVar(&c.windows, "windows", 3, "how often ours and the informer are measured in turn, at the largest size")
	flags.DurationVar(&c.window, "window", 10*time.Second, "how long each measures")
	flags.DurationVar(&c.warmUp, "warm-up", 2*time.Second, "how long workflows change before that")
	flags.DurationVar(&c.interval, "poll", 5*time.Second, "how often polling asks for each workflow")
	flags.IntVar(&c.rate, "rate", 200, "changes a second")
	flags.StringVar(&c.graph, "graph", "", "`file` for the graph (SVG); none by default")
	flags.StringVar(&c.profile, "profile", "", "`folder` for profiles of each process; none by default")
	flags.StringVar(&c.peer, "peer", "", "for this program itself: what its process is to do")
	flags.BoolVar(&c.short, "short", false, "a few seconds at two small sizes, without a graph; no limit counts")
	if err := flags.Parse(args); err != nil {
		return config{}, err
	}
	if c.short {
		*sizes, c.windows, c.window, c.warmUp, c.graph = "20,60", 1, 2*time.Second, time.Second, ""
	}
	err := c.parseSizes(*sizes)
	if err == nil {
		err = c.check(flags.Args())
	}
	if err != nil {
		fmt.Fprintln(out, "scale:", err)
	}
	return c, err
}

func (c *config) parseSizes(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		size, err := strconv.Atoi(part)
		if err != nil || size < 1 || size > mostWorkflows {
			return fmt.Errorf("--sizes: %q is no number from 1 to %d", part, mostWorkflows)
		}
		if len(c.sizes) > 0 && size <= c.sizes[len(c.sizes)-1] {
			return fmt.Errorf("--sizes: %s: the numbers have to ascend", text)
		}
		c.sizes = append(c.sizes, size)
	}
	return nil
}

func (c *config) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%q: there are flags only", rest[0])
	case c.windows < 1:
		return errors.New("--windows: has to be 1 or more")
	case c.window <= 0 || c.warmUp <= 0 || c.interval <= 0:
		return errors.New("--window, --warm-up, --poll: have to be more than 0")
	case c.rate < 1 || c.rate > 10_000:
		return errors.New("--rate: has to be from 1 to 10000")
	}
	return nil
}

// windowsAt is how many windows there are for a size.
func (c *config) windowsAt(size int) int {
	if size == c.sizes[len(c.sizes)-1] {
		return c.windows
	}
	return min(c.windows, fewWindows)
}
