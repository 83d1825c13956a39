package envtest

import (
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestFillOutputs(t *testing.T) {
	object := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "a"},
		"spec":     map[string]any{"ports": []any{map[string]any{"n": int64(1)}, map[string]any{"n": int64(2)}}},
	}}
	from := func(key string, value any) map[string]any {
		return map[string]any{"name": "p", "globalName": "g", "valueFrom": map[string]any{key: value}}
	}
	for _, next := range []struct {
		parameter map[string]any
		object    *unstructured.Unstructured
		want      any // nil: it is not changed
	}{
		{from("jsonPath", "{.metadata.name}"), object, "a"},
		{from("jsonPath", "{.spec.ports[*].n}"), object, "1 2"},
		{from("jsonPath", `{range .spec.ports[*]}{.n},{end}`), object, "1,2,"},
		{from("jsonPath", "{.spec.ports[0]}"), object, `{"n":1}`},
		{from("jsonPath", "{.nothing}"), object, ""},
		{from("jsonPath", "text"), object, "text"},
		{from("default", "d"), object, nil},
		{from("default", "d"), nil, "d"},
		{from("jsonPath", "{.metadata.name}"), nil, ""},
		{map[string]any{"name": "p", "globalName": "g", "value": "v"}, object, "v"},
	} {
		filled, err := fillOutputs([]map[string]any{next.parameter}, next.object)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := filled[0].(map[string]any)
		if !ok || !reflect.DeepEqual(got["value"], next.want) || got["globalName"] != "g" {
			t.Errorf("%v: got %v, want %v", next.parameter, got, next.want)
		}
	}
	_, err := fillOutputs([]map[string]any{from("jsonPath", "{.a")}, object)
	expectPrefix(t, err, "output parameter p: jsonPath {.a: ")
}
