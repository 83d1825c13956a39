package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// listed is a workflow as it is in the cluster.
type listed struct {
	job, name string
	uid       types.UID
	outcome   status.Outcome
	madeBy    string // its creator, according to the API server
}

func listedOf(s *status.WorkflowStatus) listed {
	return listed{job: s.Labels[labelJob], name: s.Name, uid: s.UID, outcome: s.Outcome(), madeBy: madeBy(s.Raw())}
}

// madeBy returns the field manager that set the job's label, which only the creation does. The API
// server records it, so it does not depend on this program.
func madeBy(o *unstructured.Unstructured) string {
	if o == nil {
		return ""
	}
	for _, entry := range o.GetManagedFields() {
		var fields struct {
			Metadata struct {
				Labels map[string]any `json:"f:labels"`
			} `json:"f:metadata"`
		}
		if entry.FieldsV1 == nil || json.Unmarshal(entry.FieldsV1.Raw, &fields) != nil {
			continue
		}
		if _, put := fields.Metadata.Labels["f:"+labelJob]; put {
			return entry.Manager
		}
	}
	return ""
}

// maker returns the name by which the API server knows a backend. kubectl uses its file name.
func maker(b workflow.Backend, kubectl string) string {
	if b == workflow.BackendNative {
		return userAgent
	}
	return filepath.Base(kubectl)
}

// accounts counts what happened to some jobs.
type accounts struct{ ended, running, duplicated, lost int }

// account compares the jobs with their workflows in the cluster, and returns what violates the
// guarantees. A job is lost if none of its workflows succeeded, or if no wait saw that; one at a
// gate counts as running. kubectl is the program that was run.
func account(jobs []*job, all []listed, kubectl string) (accounts, []string) {
	var a accounts
	var broken []string
	promise := func(holds bool, format string, args ...any) {
		if !holds {
			broken = append(broken, fmt.Sprintf(format, args...))
		}
	}
	byJob := map[string][]listed{}
	for _, l := range all {
		byJob[l.job] = append(byJob[l.job], l)
	}
	for _, j := range jobs {
		number := strconv.Itoa(j.number)
		found := byJob[number]
		delete(byJob, number)
		if len(found) == 0 {
			a.lost++
			promise(false, "job %s: its workflow %s does not exist", number, j.name())
			continue
		}
		a.duplicated += len(found) - 1
		promise(len(found) == 1, "job %s: %d workflows were started for it", number, len(found))
		l := found[0]
		promise(l.uid == j.uid, "job %s: workflow %s is not the one that was started", number, l.name)
		made := maker(j.backend, kubectl)
		promise(l.madeBy == made, "job %s: workflow %s should have been created by %q, but was created by %q", number, l.name, made, l.madeBy)
		switch {
		case j.atGate && !j.passed && l.outcome == status.OutcomeSuspended:
			a.running++
		case j.outcome == status.OutcomeSucceeded && l.outcome == status.OutcomeSucceeded:
			a.ended++
		default:
			a.lost++
			promise(false, "job %s: workflow %s is %s, but its wait ended with %q", number, l.name, l.outcome, j.outcome)
		}
	}
	for _, number := range slices.Sorted(maps.Keys(byJob)) {
		promise(false, "job %s: unexpected workflow %s", number, byJob[number][0].name)
	}
	return a, broken
}
