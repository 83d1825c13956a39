package wfjson_test

import (
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
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
	slim, err := wfjson.Slim(nil, []byte(text))
	if err != nil || string(slim) != want {
		t.Errorf("%s\nwant\n%s\n%v", slim, want, err)
	}
	again, err := wfjson.Slim(nil, slim)
	if err != nil || string(again) != want {
		t.Errorf("slimmed again: %s, %v", again, err)
	}
}

func TestSlimKeepsDurationsOfTemplates(t *testing.T) {
	text := `{"spec":{"templates":[{"name":"main","steps":[[{"name":"a","template":"x"}],[{"name":"b","inline":{"name":"q","suspend":{"duration":"5"}}}]]},` +
		`{"name":"x","container":{"image":"i"}},{"name":"t","inputs":{},"suspend":{"duration":"1m"}},{"name":"gate","suspend":{}}]},` +
		`"status":{"storedTemplates":{"a":{"suspend":{}},"b":{"name":"b","suspend":{"duration":"2"}}},` +
		`"storedWorkflowTemplateSpec":{"arguments":{"parameters":[{"name":"p"}]},"templates":[{"name":"x","script":{}}]}}}`
	// Behind a part that is kept, one that is dropped leaves a 0: it may replace the other.
	want := `{"spec":{"templates":[{"name":"main","steps":[[{"name":"b","inline":{"suspend":{"duration":"5"}}}]]},{"name":"t","suspend":{"duration":"1m"}}]},` +
		`"status":{"storedTemplates":{"b":{"name":"b","suspend":{"duration":"2"}}},"storedWorkflowTemplateSpec":0}}`
	slim, err := wfjson.Slim(nil, []byte(text))
	if err != nil || string(slim) != want {
		t.Errorf("%s\nwant\n%s\n%v", slim, want, err)
	}
}

func TestSlimKeepsPolledObjects(t *testing.T) {
	const polled = `{"action":"get","manifest":"m","successCondition":"c"}`
	text := `{"spec":{"templates":[{"name":"main","steps":[[{"name":"b","inline":{"resource":` + polled + `}}]]},{"name":"x","container":{}},` +
		`{"name":"t","inputs":{},"resource":{"action":"get","flags":["f"],"manifest":"m","successCondition":"c"},"metadata":{}},` +
		`{"name":"create","resource":{"action":"create","manifest":"m","successCondition":"c"}},{"name":"once","resource":{"action":"get","manifest":"m"}},` +
		`{"name":"twice","resource":` + polled + `,"resource":{"action":"create","manifest":"m"}},{"name":"odd","resource":[1]}]},` +
		`"status":{"storedTemplates":{"a":{"resource":` + polled + `},"b":{"suspend":{}}}}}`
	want := `{"spec":{"templates":[{"name":"main","steps":[[{"name":"b","inline":{"resource":` + polled + `}}]]},{"name":"t","resource":` + polled + `},` +
		`{"name":"twice","resource":` + polled + `,"resource":0}]},"status":{"storedTemplates":{"a":{"resource":` + polled + `},"b":0}}}`
	slim, err := wfjson.SlimWithPolled(nil, []byte(text))
	if err != nil || string(slim) != want {
		t.Errorf("%s\nwant\n%s\n%v", slim, want, err)
	}
	if slim, err := wfjson.Slim(nil, []byte(text)); err != nil || string(slim) != `{"spec":{},"status":{}}` {
		t.Errorf("without them: %s, %v", slim, err)
	}
}
