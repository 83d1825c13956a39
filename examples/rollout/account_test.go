package main

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestAccount(t *testing.T) {
	done := job{number: 3, uid: "u3", backend: workflow.BackendNative, outcome: status.OutcomeSucceeded}
	there := listed{job: "3", name: "w3", uid: "u3", outcome: status.OutcomeSucceeded, madeBy: userAgent}
	with := func(change func(*job, *listed)) (*job, listed) {
		j, l := done, there
		change(&j, &l)
		return &j, l
	}
	for name, tc := range map[string]struct {
		change func(*job, *listed)
		also   []listed
		gone   bool
		want   accounts
		broken []string
	}{
		"as promised":          {want: accounts{ended: 1}},
		"by kubectl":           {change: func(j *job, l *listed) { j.backend, l.madeBy = workflow.BackendKubectl, "kubectl" }, want: accounts{ended: 1}},
		"lost":                 {gone: true, want: accounts{lost: 1}, broken: []string{"job 3: its workflow rollout-job-8d2cedfe81c77aaa does not exist"}},
		"duplicated":           {also: []listed{{job: "3", name: "w3b"}}, want: accounts{ended: 1, duplicated: 1}, broken: []string{"2 workflows were started"}},
		"replaced":             {change: func(_ *job, l *listed) { l.uid = "other" }, want: accounts{ended: 1}, broken: []string{"not the one that was started"}},
		"by the other backend": {change: func(_ *job, l *listed) { l.madeBy = "kubectl" }, want: accounts{ended: 1}, broken: []string{`by "argoservice-rollout", but was created by "kubectl"`}},
		"not waited for":       {change: func(j *job, _ *listed) { j.outcome = "" }, want: accounts{lost: 1}, broken: []string{`its wait ended with ""`}},
		"failed":               {change: func(j *job, l *listed) { j.outcome, l.outcome = status.OutcomeFailed, status.OutcomeFailed }, want: accounts{lost: 1}, broken: []string{"is Failed"}},
		"at its gate":          {change: func(j *job, l *listed) { j.atGate, j.outcome, l.outcome = true, "", status.OutcomeSuspended }, want: accounts{running: 1}},
		"held at a passed gate": {
			change: func(j *job, l *listed) {
				j.atGate, j.passed, j.outcome, l.outcome = true, true, "", status.OutcomeSuspended
			},
			want: accounts{lost: 1}, broken: []string{"is Suspended"},
		},
		"past its gate": {change: func(j *job, _ *listed) { j.atGate, j.passed = true, true }, want: accounts{ended: 1}},
		"not asked for": {also: []listed{{job: "9", name: "w9"}}, want: accounts{ended: 1}, broken: []string{"job 9: unexpected workflow w9"}},
	} {
		t.Run(name, func(t *testing.T) {
			change := tc.change
			if change == nil {
				change = func(*job, *listed) {}
			}
			j, l := with(change)
			all := append([]listed{l}, tc.also...)
			if tc.gone {
				all = nil
			}
			got, broken := account([]*job{j}, all, "/usr/local/bin/kubectl")
			if got != tc.want {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
			contains(t, broken, tc.broken)
		})
	}
}

func TestMadeBy(t *testing.T) {
	entry := func(manager, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, FieldsType: "FieldsV1", FieldsV1: &metav1.FieldsV1{Raw: []byte(fields)}}
	}
	controller := entry("workflow-controller", `{"f:metadata":{"f:labels":{".":{},"f:workflows.argoproj.io/phase":{}}},"f:spec":{},"f:status":{}}`)
	for name, tc := range map[string]struct {
		entries []metav1.ManagedFieldsEntry
		want    string
	}{
		"its maker":      {[]metav1.ManagedFieldsEntry{controller, entry("kubectl", `{"f:metadata":{"f:labels":{"f:rollout.argoservice/job":{}}}}`)}, "kubectl"},
		"nobody":         {[]metav1.ManagedFieldsEntry{controller}, ""},
		"fields missing": {[]metav1.ManagedFieldsEntry{{Manager: "kubectl"}}, ""},
		"no JSON":        {[]metav1.ManagedFieldsEntry{entry("kubectl", "{")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := &unstructured.Unstructured{Object: map[string]any{}}
			o.SetManagedFields(tc.entries)
			if got := madeBy(o); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
	if got := madeBy(nil); got != "" {
		t.Errorf("%q", got)
	}
}
