package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// namePrefix and a number of five digits are a workflow's name.
const namePrefix = "bulk-load-"

func nameOf(index int) string { return fmt.Sprintf(namePrefix+"%05d", index) }

// indexOf returns the number in a workflow's name; -1 if there is none.
func indexOf(name string) int {
	digits, ours := strings.CutPrefix(name, namePrefix)
	index, err := strconv.ParseUint(digits, 10, 31)
	if !ours || err != nil {
		return -1
	}
	return int(index)
}

// stage is how far a workflow or a pod has come. The objects of two different stages differ, or a
// write would not be a change.
type stage struct {
	Beat          int // reports of progress since the start
	Ended, Failed bool
}

const (
	// reports is the number of parts into which a pod divides its work when it reports progress.
	reports = 100
	// reportsOfFirst is after how many reports the first of the two pods that are left ends.
	reportsOfFirst = 3
)

// Done is how many parts a pod has reported.
func (s stage) Done() int {
	if s.Ended {
		return reports
	}
	return min(s.Beat, reports-1)
}

// Phase is the stage in Argo's words.
func (s stage) Phase() string {
	switch {
	case s.Failed:
		return "Failed"
	case s.Ended:
		return "Succeeded"
	}
	return "Running"
}

// FinishedAt is JSON; the controller writes null until there is a time.
func (s stage) FinishedAt() string {
	if !s.Ended {
		return "null"
	}
	started := time.Date(2026, 11, 2, 8, 31, 0, 0, time.UTC)
	return strconv.Quote(started.Add(time.Duration(s.Beat) * time.Second).Format(time.RFC3339))
}

// CPU is what it has used, in seconds.
func (s stage) CPU() int { return 30 + s.Beat }

//go:embed workflow.json.tmpl
var workflowTemplate string

func parseTemplate() *template.Template {
	return template.Must(template.New("workflow").Delims("<<", ">>").Parse(workflowTemplate))
}

// workflowJSON returns a workflow as the API server receives it. It replaces the one of that
// version; "" is for a new workflow.
func workflowJSON(t *template.Template, index int, s stage, version string) ([]byte, error) {
	first := stage{Beat: s.Beat, Ended: s.Ended || s.Beat >= reportsOfFirst}
	var text bytes.Buffer
	err := t.Execute(&text, map[string]any{
		"Name": nameOf(index), "Version": version, "Session": index % 50,
		"Whole": s, "Loaded": stage{Ended: true}, "Checks": []stage{first, s},
		"Progress": fmt.Sprintf("%d/%d", 2*reports+first.Done()+s.Done(), 4*reports),
	})
	return text.Bytes(), err
}
