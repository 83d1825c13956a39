package main

import (
	"fmt"
	"strings"
)

// reports is into how many parts a pod divides its work when it reports progress.
const reports = 100

// podProgress is what a pod has reported.
func podProgress(s stage) string {
	done := min(s.beat, reports-1)
	if s.ended {
		done = reports
	}
	return fmt.Sprintf("%d/%d", done, reports)
}

// progress is the workflow's: that of the pods that loaded, which is full, and of those that check.
func (w *nodeWriter) progress() string {
	done := shards * reports
	for shard := range shards {
		var part, whole int
		// It was written a moment ago by podProgress.
		_, _ = fmt.Sscanf(podProgress(w.stage.pod(shard == shards-1)), "%d/%d", &part, &whole)
		done += part
	}
	return fmt.Sprintf("%d/%d", done, 2*shards*reports)
}

// displayName is the last part of a node's name: a step's, or a group's number.
func displayName(name string) string {
	last := name[strings.LastIndexByte(name, '.')+1:]
	if strings.HasSuffix(last, "]") {
		last = last[strings.LastIndexByte(last, '['):]
	}
	return last
}

// status is that of the workflow, with the templates that the controller stores in it.
func (w *nodeWriter) status() map[string]any {
	status := map[string]any{
		"phase": w.stage.nodePhase(), "startedAt": timestamp(0), "progress": w.progress(), "estimatedDuration": 90, "nodes": w.nodes,
		"finishedAt":                  nil, // the controller writes it as null until there is one
		"resourcesDuration":           map[string]any{"cpu": 120 + w.stage.beat, "memory": 1200 + 10*w.stage.beat},
		"conditions":                  []any{condition("PodRunning", !w.stage.ended), condition("Completed", w.stage.ended)},
		"artifactRepositoryRef":       map[string]any{"artifactRepository": map[string]any{}, "default": true},
		"artifactGCStatus":            map[string]any{"notSpecified": true},
		"taskResultsCompletionStatus": map[string]any{},
		"storedTemplates":             storedTemplates(),
		"storedWorkflowTemplateSpec":  storedSpec(),
	}
	if w.stage.ended {
		status["finishedAt"] = timestamp(61 + w.stage.beat)
	}
	if w.stage.failed {
		status["message"] = fmt.Sprintf("child '%s' failed", w.id(w.name+"[0].shard(1:1)"))
	}
	return status
}

func condition(kind string, holds bool) map[string]any {
	status := "False"
	if holds {
		status = "True"
	}
	return map[string]any{"type": kind, "status": status}
}
