package workflow

import (
	"encoding/json"
	"net/http"
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const singleLocks = `{
  synchronization: {mutex: {name: a}, mutexes: [{name: b}]},
  templateDefaults: {synchronization: {mutex: {name: c}}},
  entrypoint: main,
  templates: [
    {name: main, synchronization: {semaphore: {configMapKeyRef: {name: d, key: k}}}, steps: [[{name: s, inline: {synchronization: {mutex: {name: e}}}}]]},
    {name: tasks, dag: {tasks: [{name: t, inline: {synchronization: {mutex: {name: f}}}}]}},
    {name: none, synchronization: {mutex: ~, mutexes: [{name: g}]}, container: {image: mutex}}]}`

const lockLists = `{
  synchronization: {mutexes: [{name: a}, {name: b}]},
  templateDefaults: {synchronization: {mutexes: [{name: c}]}},
  entrypoint: main,
  templates: [
    {name: main, synchronization: {semaphores: [{configMapKeyRef: {name: d, key: k}}]}, steps: [[{name: s, inline: {synchronization: {mutexes: [{name: e}]}}}]]},
    {name: tasks, dag: {tasks: [{name: t, inline: {synchronization: {mutexes: [{name: f}]}}}]}},
    {name: none, synchronization: {mutex: ~, mutexes: [{name: g}]}, container: {image: mutex}}]}`

// Argo 4.x ignores a lock that is not in a list.
func TestLocksAreSentAsLists(t *testing.T) {
	want := fromYAML(t, lockLists)
	spec := fromYAML(t, singleLocks)
	for name, call := range map[string]func(c *WorkflowClient) error{
		"manifest": func(c *WorkflowClient) error {
			text, err := json.Marshal(map[string]any{"metadata": map[string]any{"name": "w"}, "spec": spec})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Start(t.Context(), StartRequest{Manifest: text})
			return err
		},
		"cron": func(c *WorkflowClient) error {
			_, err := c.Start(t.Context(), StartRequest{CronWorkflow: "nightly"})
			return err
		},
		"resubmit": func(c *WorkflowClient) error {
			_, err := c.Resubmit(t.Context(), "old", ResubmitOptions{})
			return err
		},
	} {
		var sent map[string]any
		c := scripted(t, func(r *http.Request) (any, error) {
			if r.Method == http.MethodGet {
				read := map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": "old"}, "spec": spec}
				if name == "cron" {
					read["spec"] = map[string]any{"workflowSpec": spec}
				}
				return read, nil
			}
			created := &unstructured.Unstructured{}
			err := json.NewDecoder(r.Body).Decode(&created.Object)
			sent, _, _ = unstructured.NestedMap(created.Object, "spec")
			return created.Object, err
		})
		if err := call(c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(sent, want) {
			t.Errorf("%s: %v\nwant %v", name, sent, want)
		}
	}
}
