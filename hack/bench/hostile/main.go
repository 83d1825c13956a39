// Command hostile measures what inputs that somebody has made to do harm take: the peak heap and
// the time of each operation on one, and how soon it ends with its context. Each is measured in a
// process of its own, so that none hides another. It needs no cluster: what the API server and the
// target cluster answer is made up here. `make bench` runs it. With --short it measures each operation
// on one input only and no limit counts, which shows that it works.
//
// Exit codes: 0; 1 where something failed; 2 for wrong flags; 3 where a limit is missed.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
)

func main() {
	short := flag.Bool("short", false, "each operation on one input; no limit counts")
	one := flag.Int("measure", -1, "measure only the case of that `number`, in this process, and print it as JSON")
	flag.Parse()
	report.Main("hostile", func(ctx context.Context) error {
		if *one >= 0 {
			return measureOne(ctx, *one)
		}
		return run(ctx, *short)
	})
}

func run(ctx context.Context, short bool) error {
	steps := report.NewSteps(os.Stderr)
	var rows []row
	seen := map[string]bool{} // operations
	for i, c := range cases() {
		if short && seen[c.operation] {
			continue
		}
		seen[c.operation] = true
		steps.Step("%s: %s", c.input, c.operation)
		m, err := inChild(ctx, i)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", c.input, c.operation, err)
		}
		rows = append(rows, row{c, m})
	}
	writeTable(os.Stdout, rows)
	for _, r := range rows {
		if !short && r.missed() {
			return report.ErrMissed
		}
	}
	return nil
}

// inChild measures a case in a process of its own.
func inChild(ctx context.Context, number int) (m measured, err error) {
	self, err := os.Executable()
	if err != nil {
		return m, err
	}
	const most = 5 * time.Minute // what takes that long is an error by itself
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	child := exec.CommandContext(ctx, self, "--measure", fmt.Sprint(number))
	child.Stderr = os.Stderr
	out, err := child.Output()
	if ctx.Err() != nil {
		return m, context.Cause(ctx)
	}
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(out, &m)
}

func measureOne(ctx context.Context, number int) error {
	all := cases()
	if number >= len(all) {
		return fmt.Errorf("there are %d cases", len(all))
	}
	m, err := all[number].measure(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(m)
}
