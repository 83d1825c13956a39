package workflow_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"
)

// exampleCluster returns a fake cluster for the examples. It stores objects, and a workflow that is
// watched succeeds. The tests in test/conformance use a real API server.
func exampleCluster(objects ...map[string]any) *rest.Config {
	s := &exampleServer{objects: map[string]map[string]any{}}
	for _, o := range append(objects, reindexTemplate(), runningWorkflow()) {
		plural := map[any]string{"Workflow": "workflows", "WorkflowTemplate": "workflowtemplates", "Pod": "pods"}[o["kind"]]
		s.objects[plural+"/"+o["metadata"].(map[string]any)["name"].(string)] = o
	}
	return &rest.Config{Host: "http://example", Transport: s}
}

func reindexTemplate() map[string]any {
	return object("WorkflowTemplate", "reindex", map[string]any{
		"entrypoint": "main",
		"arguments":  map[string]any{"parameters": []any{map[string]any{"name": "session-name"}, map[string]any{"name": "shards", "value": "5"}}},
		"templates":  []any{map[string]any{"name": "main"}},
	}, nil)
}

// runningWorkflow returns a workflow that waits at a gate.
func runningWorkflow() map[string]any {
	return object("Workflow", "reindex-x7f2k",
		map[string]any{"workflowTemplateRef": map[string]any{"name": "reindex"}},
		map[string]any{"phase": "Running", "progress": "2/5", "nodes": map[string]any{
			"gate": map[string]any{
				"displayName": "approve", "type": "Suspend", "phase": "Running",
				"outputs": map[string]any{"parameters": []any{map[string]any{"name": "approved-by", "valueFrom": map[string]any{"supplied": map[string]any{}}}}},
			},
		}})
}

// failedWorkflow returns a workflow that has failed.
func failedWorkflow() map[string]any {
	return object("Workflow", "reindex-failed",
		map[string]any{"workflowTemplateRef": map[string]any{"name": "reindex"}, "arguments": map[string]any{
			"parameters": []any{map[string]any{"name": "session-name", "value": "s-42"}},
		}},
		map[string]any{"phase": "Failed", "message": "child failed"})
}

// examplePod returns a pod that has run one step of a workflow and logged these lines.
func examplePod(step string, lines ...string) map[string]any {
	pod := object("Pod", "reindex-x7f2k-"+step,
		map[string]any{"restartPolicy": "Never", "containers": []any{map[string]any{"name": "main"}}},
		map[string]any{"phase": "Succeeded", "containerStatuses": []any{map[string]any{
			"name": "main", "state": map[string]any{"terminated": map[string]any{"exitCode": int64(0)}},
		}}})
	pod["metadata"].(map[string]any)["annotations"] = map[string]any{
		"workflows.argoproj.io/node-id": step, "workflows.argoproj.io/node-name": step,
	}
	pod["exampleLog"] = strings.Join(lines, "\n") + "\n" // with timestamps, as the kubelet sends it
	return pod
}

func object(kind, name string, spec, status map[string]any) map[string]any {
	return map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "spec": spec, "status": status,
		"metadata": map[string]any{
			"name": name, "namespace": "ma", "uid": "uid-of-" + name, "resourceVersion": "1",
			"managedFields": []any{map[string]any{"time": "2026-01-02T03:04:05Z"}}, // long ago
		},
	}
}

type exampleServer struct {
	mu      sync.Mutex
	objects map[string]map[string]any // plural/name → object
	version int
}

func (s *exampleServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sent map[string]any
	if r.Body != nil {
		_ = json.NewDecoder(r.Body).Decode(&sent)
	}
	plural, name := path.Base(path.Dir(r.URL.Path)), path.Base(r.URL.Path)
	obj := s.objects[plural+"/"+name]
	switch {
	case name == "selfsubjectaccessreviews": // everything is allowed except deleting pods
		attributes := sent["spec"].(map[string]any)["resourceAttributes"].(map[string]any)
		sent["status"] = map[string]any{"allowed": attributes["verb"] != "delete" || attributes["resource"] != "pods"}
		return answer(sent)
	case name == "log":
		return answerText("text/plain", s.objects["pods/"+plural]["exampleLog"].(string))
	case r.URL.Query().Get("watch") != "" && name == "pods":
		return answerText("application/json", "") // nothing changes
	case r.URL.Query().Get("watch") != "":
		obj := s.objects[name+"/"+r.URL.Query().Get("fieldSelector")[len("metadata.name="):]]
		obj["status"] = map[string]any{"phase": "Succeeded", "progress": "5/5"}
		return answer(map[string]any{"type": "MODIFIED", "object": s.stored(obj)})
	case r.Method == http.MethodPost:
		created := sent["metadata"].(map[string]any)
		created["uid"] = "uid-of-the-new-one"
		s.objects[name+"/"+created["name"].(string)] = sent
		return answer(s.stored(sent))
	case obj == nil && (name == "workflows" || name == "pods"):
		var items []any
		for key, obj := range s.objects {
			if path.Dir(key) == name {
				items = append(items, obj)
			}
		}
		return answer(map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowList", "items": items})
	case obj == nil:
		return answer(map[string]any{
			"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404, "message": fmt.Sprintf("%s %q not found", plural, name),
		})
	case r.Method == http.MethodPatch:
		merge(obj, sent)
		return answer(s.stored(obj))
	case r.Method == http.MethodPut:
		s.objects[plural+"/"+name] = sent
		return answer(s.stored(sent))
	case r.Method == http.MethodDelete:
		delete(s.objects, plural+"/"+name)
	}
	return answer(obj)
}

func (s *exampleServer) stored(obj map[string]any) map[string]any {
	s.version++
	metadata := obj["metadata"].(map[string]any)
	metadata["resourceVersion"] = fmt.Sprint(s.version + 1)
	metadata["managedFields"] = []any{map[string]any{"time": time.Now().Format(time.RFC3339)}}
	return obj
}

func merge(target, patch map[string]any) {
	for key, value := range patch {
		change, isObject := value.(map[string]any)
		old, wasObject := target[key].(map[string]any)
		switch {
		case value == nil:
			delete(target, key)
		case isObject && wasObject:
			merge(old, change)
		default:
			target[key] = value
		}
	}
}

func answer(body map[string]any) (*http.Response, error) {
	text, err := json.Marshal(body)
	code := http.StatusOK
	if body["code"] != nil {
		code = body["code"].(int)
	}
	return &http.Response{
		StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(text)),
	}, err
}

func answerText(contentType, text string) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(text)),
	}, nil
}
