package status_test

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

const stopped = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: bulk-load-x7, namespace: ma}
spec: {shutdown: Stop}
status:
  phase: Failed
  message: Stopped with strategy 'Stop'
  progress: 1/2
  startedAt: "2026-01-01T10:00:00Z"
  finishedAt: "2026-01-01T10:00:42Z"
  nodes:
    bulk-load-x7: {type: Steps, name: bulk-load-x7, phase: Failed, startedAt: "2026-01-01T10:00:00Z"}
    a:
      {type: Pod, displayName: create-source-cluster, boundaryID: bulk-load-x7, phase: Succeeded, startedAt: "2026-01-01T10:00:00Z",
      finishedAt: "2026-01-01T10:00:12Z", outputs: {parameters: [{name: cluster-config, value: '{"endpoint":"https://s"}'}]}}
    b:
      {type: Pod, displayName: load, boundaryID: bulk-load-x7, phase: Failed, message: workflow shutdown with strategy Stop, hostNodeName: ip-10-0-0-7,
      startedAt: "2026-01-01T10:00:12Z", finishedAt: "2026-01-01T10:00:42Z"}
`

func exampleObject() *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(stopped), &u.Object); err != nil {
		panic(err)
	}
	return u
}

func ExampleFromUnstructured() {
	s, err := status.FromUnstructured(exampleObject())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Phase, "but", s.Outcome())
	fmt.Println(s.Err())
	// Output:
	// Failed but Stopped
	// workflow ma/bulk-load-x7 ended Stopped: Stopped with strategy 'Stop'; load Failed: workflow shutdown with strategy Stop
}

// The bytes that the API server returns need no decoding into maps.
func ExampleFromJSON() {
	body, err := json.Marshal(exampleObject().Object)
	if err != nil {
		fmt.Println(err)
		return
	}

	s, err := status.FromJSON(body)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Outcome(), s.Progress, s.Node("b").Details().HostNodeName)
	// Output: Stopped 1/2 ip-10-0-0-7
}

func ExampleWorkflowStatus_WriteTree() {
	s, err := status.FromUnstructured(exampleObject())
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := s.WriteTree(os.Stdout, time.Now(), status.TreeOptions{ASCII: true}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// x bulk-load-x7  Stopped  42s  1/2  Stopped with strategy 'Stop'
	// |- + create-source-cluster  12s
	// `- x load  30s  workflow shutdown with strategy Stop
}

// The output of a step.
func ExampleOutputs_Parameter() {
	s, err := status.FromUnstructured(exampleObject())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Node("a").Outputs().Parameter("cluster-config"))
	// Output: {"endpoint":"https://s"} true
}

// The outputs of a step as a Go type. A field without omitempty is required.
func ExampleOutputs_Decode() {
	s, err := status.FromUnstructured(exampleObject())
	if err != nil {
		fmt.Println(err)
		return
	}
	var out struct {
		Cluster struct {
			Endpoint string `json:"endpoint"`
		} `json:"cluster-config"`
		Comment string `json:"comment,omitempty"`
	}
	if err := s.Node("a").Outputs().Decode(&out); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out.Cluster.Endpoint)
	var missing struct {
		Shards int `json:"shards"`
	}
	fmt.Println(s.Node("a").Outputs().Decode(&missing))
	// Output:
	// https://s
	// decode outputs: parameter "shards" (field Shards): has no value; a field that may be left out needs omitempty
}

// The equivalent of get_source_cluster_from_workflow in the service's first version.
func ExampleWorkflowStatus_OutputParameter() {
	s, err := status.FromUnstructured(exampleObject())
	if err != nil {
		fmt.Println(err)
		return
	}

	var cluster struct{ Endpoint string }
	config, _ := s.OutputParameter(status.NodeNameContains("create-source-cluster"), "cluster-config")
	err = json.Unmarshal([]byte(config), &cluster) // also fails if there is no value

	fmt.Println(cluster.Endpoint, err)
	// Output: https://s <nil>
}

// Nodes that a selector in the argo CLI's notation matches.
func ExampleWorkflowStatus_Select() {
	s, err := status.FromUnstructured(exampleObject())
	if err != nil {
		fmt.Println(err)
		return
	}
	selector, err := status.ParseNodeSelector("phase!=Succeeded,displayName=load")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range s.Select(selector) {
		fmt.Println(n.DisplayName, n.Phase, n.Details().HostNodeName)
	}
	// Output: load Failed ip-10-0-0-7
}

// Locks that a workflow waits for.
func ExampleWorkflowStatus_AwaitedLocks() {
	s, err := status.FromUnstructured(&unstructured.Unstructured{Object: map[string]any{
		"kind": "Workflow",
		"status": map[string]any{
			"phase": "Pending",
			"synchronization": map[string]any{"mutex": map[string]any{
				"waiting": []any{map[string]any{"mutex": "ma/Mutex/target", "holder": "ma/bulk-load-x7"}},
			}},
		},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, lock := range s.AwaitedLocks() {
		fmt.Println("waits for", lock)
	}
	// Output: waits for mutex ma/Mutex/target held by ma/bulk-load-x7
}
