package status_test

import (
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestSlimKeepsWhatIsRead(t *testing.T) {
	text := `{ "apiVersion" : "argoproj.io/v1alpha1", "kind": "Workflow", "extra": [1],
		"metadata": {"name": "w", "generateName": "w-", "managedFields": [{"manager": "m"}], "labels": {"a": "b", "c": {"d": 1}},
			"ownerReferences": [{"name": "o"}], "finalizers": ["f"], "uid": "1-2", "annotations": {}},
		"spec": {"templates": [{"name": "main"}], "arguments": {"parameters": [{"name": "p", "value": "v", "x": 1}, 7], "artifacts": []},
			"suspend": true, "workflowTemplateRef": {"name": "t"}, "volumes": []},
		"status": {"phase": "Running", "storedTemplates": {"a": {}}, "storedWorkflowTemplateSpec": {"templates": []},
			"nodes": {"a": { "name": "n", "x": [ 1 ] }}, "compressedNodes": "H4sI", "conditions": [{"type": "t", "y": 2}], "taskResultsCompletionStatus": {}} } `
	want := `{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow",` +
		`"metadata":{"name":"w","labels":{"a":"b","c":{}},"finalizers":["f"],"uid":"1-2","annotations":{}},` +
		`"spec":{"arguments":{"parameters":[{"name":"p","value":"v"},7]},"suspend":true,"workflowTemplateRef":{"name":"t"}},` +
		`"status":{"phase":"Running","nodes":{"a": { "name": "n", "x": [ 1 ] }},"compressedNodes":"H4sI","conditions":[{"type":"t"}]}}`
	slim, err := status.Slim(nil, []byte(text))
	if err != nil || string(slim) != want {
		t.Errorf("%s\nwant\n%s\n%v", slim, want, err)
	}
	again, err := status.Slim(nil, slim)
	if err != nil || string(again) != want {
		t.Errorf("slimmed again: %s, %v", again, err)
	}
}

func TestSlimAllocatesNothing(t *testing.T) {
	for name, text := range workflowTexts(t) {
		room := make([]byte, 0, len(text))
		if allocations := testing.AllocsPerRun(3, func() {
			if _, err := status.Slim(room, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}); allocations > 1 { // the copy of text
			t.Errorf("%s: %v allocations", name, allocations)
		}
	}
}
