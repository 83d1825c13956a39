package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// lineView writes a line for each change, for logs and pipes.
type lineView struct {
	out   io.Writer
	hints hints
	now   func() time.Time
	last  string
}

func (v *lineView) show(st *backfill.Status) error {
	line := v.line(st)
	if line == v.last {
		return nil
	}
	v.last = line
	_, err := fmt.Fprintf(v.out, "%s  %s\n", v.now().Format(time.TimeOnly), status.Printable(line))
	return err
}

func (v *lineView) close() {}

func (v *lineView) conclude(st *backfill.Status) error {
	return writeText(v.out, statusResult{st, v.hints})
}

// mostNamed is the maximum number of active steps that are named.
const mostNamed = 3

// line contains nothing that changes by itself, such as the estimated time.
func (v *lineView) line(st *backfill.Status) string {
	parts := []string{fmt.Sprintf("%-10s", st.State)}
	done, all, active := steps(st.Workflow)
	switch {
	case counted(st.Shards):
		s := st.Shards.Data
		parts = append(parts, fmt.Sprintf("%d/%d shards (%d in progress, %d waiting)", s.Completed, s.Total, s.InProgress, s.Waiting))
	case !st.Shards.Success():
		parts = append(parts, "shards unknown")
	}
	switch {
	case !st.Pods.Success():
		parts = append(parts, "pods unknown")
	case st.Pods.Data.Any() || st.Pods.Data.Desired > 0:
		parts = append(parts, fmt.Sprintf("%d/%d pods", st.Pods.Data.Running, st.Pods.Data.Desired))
	}
	if all > 0 {
		parts = append(parts, fmt.Sprintf("%d/%d steps", done, all))
	}
	if gates := gateLines(st.Gates, v.hints); len(gates) > 0 {
		parts = append(parts, "gate "+strings.Join(gates, "; gate "))
	} else if len(active) > 0 {
		if len(active) > mostNamed {
			active = append(active[:mostNamed], fmt.Sprintf("and %d more", len(active)-mostNamed))
		}
		parts = append(parts, cutText(strings.Join(active, ", ")))
	}
	return strings.TrimRight(strings.Join(parts, "  "), " ")
}
