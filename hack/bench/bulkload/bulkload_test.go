package bulkload

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic/fake"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The library checks a request against the template before it sends anything, so it notices when
// the two have drifted apart.
func TestRequestFitsTheTemplate(t *testing.T) {
	dyn := fake.NewSimpleDynamicClient(runtime.NewScheme(), templateIn(t, Manifest("../../..")))
	client, err := workflow.New(dyn, workflow.Options{Namespace: Namespace})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Start(t.Context(), Request()); err != nil {
		t.Errorf("the benchmark's request is refused: %v", err)
	}

	unknown := Request()
	unknown.Parameters["no-such-parameter"] = 8
	missing := Request()
	delete(missing.Parameters, "session-name")
	for parameter, req := range map[string]workflow.StartRequest{"no-such-parameter": unknown, "session-name": missing} {
		_, err := client.Start(t.Context(), req)
		if !errors.Is(err, workflow.ErrInvalid) || !strings.Contains(err.Error(), parameter) {
			t.Errorf("a request that differs from the template in %s: %v", parameter, err)
		}
	}
}

// templateIn reads the template from the manifest.
func templateIn(t *testing.T, path string) *unstructured.Unstructured {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		obj := &unstructured.Unstructured{}
		if err := decoder.Decode(&obj.Object); err != nil {
			t.Fatalf("no WorkflowTemplate %s/%s in %s: %v", Namespace, Template, path, err)
		}
		if obj.GetKind() == "WorkflowTemplate" && obj.GetNamespace() == Namespace && obj.GetName() == Template {
			return obj
		}
	}
}
