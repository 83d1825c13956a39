package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	// namePrefix and a number of five digits are a workflow's name.
	namePrefix = "bulk-load-"
	template   = "bulk-load"
	// mostWorkflows is what five digits can count.
	mostWorkflows = 100_000
)

// nameOf is the name of the workflow of that number.
func nameOf(index int) string { return fmt.Sprintf(namePrefix+"%05d", index) }

// indexOf is the number in a workflow's name.
func indexOf[T string | []byte](name T) (int, error) {
	text := string(name)
	digits, ours := strings.CutPrefix(text, namePrefix)
	index, err := strconv.Atoi(digits)
	if !ours || err != nil || len(digits) != 5 || index < 0 {
		return 0, fmt.Errorf("%q is no workflow of this benchmark", text)
	}
	return index, nil
}

// stage is how far a workflow has come. Two stages that differ make objects that differ, or a
// write would be no change.
type stage struct {
	// beat counts the reports of progress since it was started.
	beat int
	// ended, and whether it failed.
	ended, failed bool
}

// next is the stage after one more report.
func (s stage) next() stage { return stage{beat: s.beat + 1} }

// end is the stage in which it has ended.
func (s stage) end(failed bool) stage { return stage{beat: s.beat, ended: true, failed: failed} }

// reportsOfFirst is after how many reports the first of the two pods that are left ends.
const reportsOfFirst = 3

// pod is the stage of the pod that ends first or last.
func (s stage) pod(last bool) stage {
	if last {
		return s
	}
	return stage{beat: s.beat, ended: s.ended || s.beat >= reportsOfFirst}
}

func (s stage) nodePhase() string {
	switch {
	case s.failed:
		return "Failed"
	case s.ended:
		return "Succeeded"
	}
	return "Running"
}

// workflowObject is what the controller (3.7.4) leaves of a bulk load over two shards: 12 nodes, of
// which two pods have ended and two are at work until the workflow ends.
func workflowObject(index int, s stage) map[string]any {
	name := nameOf(index)
	wf := nodeWriter{name: name, stage: s, nodes: map[string]any{}}
	wf.write()
	labels := map[string]any{
		"workflows.argoproj.io/phase": s.nodePhase(), "workflows.argoproj.io/workflow-template": template,
		"workflows.argoproj.io/completed": strconv.FormatBool(s.ended), "migrations.opensearch.org/session": fmt.Sprintf("s-%d", index%50),
	}
	return map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
		"metadata": map[string]any{
			"name": name, "labels": labels,
			"annotations": map[string]any{"workflows.argoproj.io/pod-name-format": "v2"},
		},
		"spec": map[string]any{
			"workflowTemplateRef": map[string]any{"name": template},
			"arguments":           map[string]any{"parameters": arguments(index)},
		},
		"status": wf.status(),
	}
}

// workflowJSON is the object as it goes to the API server; version is the one it replaces, ""
// for a new one.
func workflowJSON(index int, s stage, version string) ([]byte, error) {
	object := workflowObject(index, s)
	if version != "" {
		metadata := object["metadata"].(map[string]any)
		metadata["resourceVersion"] = version
		// That has the API server stop to keep track of who has written which field, which it would
		// do anew at each write.
		metadata["managedFields"] = []any{map[string]any{}}
	}
	return json.Marshal(object)
}

func arguments(index int) []any {
	return parameters("session-name", fmt.Sprintf("s-%d", index%50), "snapshot-name", "snapshot-2026-11-01",
		"source-version", "ES_7.10", "s3-repo-uri", "s3://snapshots/elastic", "s3-region", "eu-central-1",
		"target-host", "https://target.search.svc.cluster.local:9200", "shards", "2")
}

// parameters makes parameters of names and values in turn.
func parameters(namesAndValues ...string) []any {
	var made []any
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		made = append(made, map[string]any{"name": namesAndValues[i], "value": namesAndValues[i+1]})
	}
	return made
}

// started is when all of them were.
func started() time.Time { return time.Date(2026, 11, 2, 8, 30, 0, 0, time.UTC) }

func timestamp(seconds int) string {
	return started().Add(time.Duration(seconds) * time.Second).Format(time.RFC3339)
}
