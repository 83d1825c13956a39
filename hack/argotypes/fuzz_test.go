package main

import (
	"encoding/json"
	"testing"

	utiljson "k8s.io/apimachinery/pkg/util/json"
)

func FuzzWhatIsSentCanBeDecoded(f *testing.F) {
	for _, object := range examples(f) {
		text, err := json.Marshal(object["spec"])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"templates":[{"name":"a","STEPS":1,"steps":[[{"name":"b","arguments":{"Parameters":[{"NAME":1}]}}]]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var spec any
		if utiljson.Unmarshal(text, &spec) != nil {
			return
		}
		object := map[string]any{"metadata": map[string]any{"name": "w"}, "spec": spec}
		newVerdicts(t).judge(t, "it", object, create)
	})
}
