package argodb_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic/fake"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
)

const persistence = `archive: true
nodeStatusOffLoad: true
clusterName: east
connectionPool: {maxIdleConns: 100}
postgresql:
  host: postgres
  port: 5432
  database: argo
  tableName: argo_workflows
  userNameSecret: {name: argo-postgres, key: username}
  passwordSecret: {name: argo-postgres, key: password}
`

func TestParseConfigMap(t *testing.T) {
	indented := "  " + strings.ReplaceAll(strings.TrimSpace(persistence), "\n", "\n  ")
	postgres := argodb.Options{Dialect: argodb.PostgreSQL, ClusterName: "east", NodesTable: "argo_workflows"}
	blue := postgres
	blue.InstanceID = "blue"
	for name, next := range map[string]struct {
		data map[string]string
		want argodb.Configuration
		err  string
	}{
		"keys":     {data: map[string]string{"persistence": persistence}, want: argodb.Configuration{Options: postgres, Archive: true, Offload: true}},
		"instance": {data: map[string]string{"persistence": persistence, "instanceID": `"blue"`}, want: argodb.Configuration{Options: blue, Archive: true, Offload: true}},
		"whole": {data: map[string]string{"config": "instanceID: blue\npersistence:\n" + indented + "\n"},
			want: argodb.Configuration{Options: blue, Archive: true, Offload: true}},
		"mysql": {data: map[string]string{"persistence": "mysql: {tableName: nodes}"},
			want: argodb.Configuration{Options: argodb.Options{Dialect: argodb.MySQL, NodesTable: "nodes"}}},
		"nothing":     {data: map[string]string{}, err: "persistence is not configured"},
		"no server":   {data: map[string]string{"persistence": "archive: true"}, err: "neither postgresql nor mysql"},
		"not YAML":    {data: map[string]string{"persistence": "secret: ["}, err: "persistence is not valid YAML"},
		"not a map":   {data: map[string]string{"persistence": "secret"}, err: "persistence is not valid YAML"},
		"bad whole":   {data: map[string]string{"config": "secret"}, err: "config is not valid YAML"},
		"empty whole": {data: map[string]string{"config": ""}, err: "persistence is not configured"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := argodb.ParseConfigMap(next.data)
			if next.err != "" {
				if err == nil || !strings.Contains(err.Error(), next.err) || strings.Contains(err.Error(), "secret") {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || got != next.want {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestFromConfigMap(t *testing.T) {
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"namespace": "argo", "name": argodb.DefaultConfigMap},
		"data":     map[string]any{"persistence": persistence},
	}}
	kube := fake.NewSimpleDynamicClient(runtime.NewScheme(), object)
	got, err := argodb.FromConfigMap(t.Context(), kube, "argo", argodb.DefaultConfigMap)
	if err != nil || got.Options.ClusterName != "east" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = argodb.FromConfigMap(t.Context(), kube, "argo", "absent")
	if metav1Reason(err) != metav1.StatusReasonNotFound || !strings.Contains(err.Error(), "argo/absent") {
		t.Errorf("%v", err)
	}
}
