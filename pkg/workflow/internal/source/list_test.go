package source

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestSplitList(t *testing.T) {
	for text, want := range map[string]string{
		`{"items":[{"a":1},{"b":"}]"}],"metadata":{"resourceVersion":"7"}}`:              `7 {"a":1} {"b":"}]"}`,
		` { "metadata" : { "resourceVersion" : "7" } , "items" : [ 1 , "a\"]" , [] ] } `: `7 1 "a\"]" []`,
		`{"metadata":{"resourceVersion":"7"},"items":null}`:                              `7`,
		`{"metadata":{"resourceVersion":"7"},"items":[]}`:                                `7`,
		`{"items":[{"x":{]},{"y":1}],"metadata":{"resourceVersion":"7"}}`:                `7 {"x":{]} {"y":1}`,
		`{}`:                            ``,
		``:                              `!`,
		`[]`:                            `!`,
		`<html></html>`:                 `!`,
		`{"items":[{"a":1}`:             `!`,
		`{"items":[{"a":1}]`:            `!`,
		`{"items":[{"a":"`:              `!`,
		`{"items":[{"a":"\`:             `!`,
		`{"items":[{"a":1}]}}`:          `!`,
		`{"items":[,]}`:                 `!`,
		`{"items":{"a":1}}`:             `!`,
		`{"items":[]} x`:                `!`,
		`{"metadata":7,"items":[1,2]}`:  `!`,
		`{"metadata":{},"items":[1 2]}`: `!`,
	} {
		meta, items, err := splitList([]byte(text))
		got := meta.ResourceVersion
		for _, item := range items {
			got += " " + string(item)
		}
		if err != nil {
			got = "!"
		}
		if strings.TrimSpace(got) != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func FuzzSplitList(f *testing.F) {
	f.Add([]byte(`{"items":[{"a":"\"]"},[1],null],"metadata":{"resourceVersion":"7"}}`))
	f.Add([]byte(`{"items":[{"x":{]},"metadata":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var want struct {
			Metadata metav1.ListMeta   `json:"metadata"`
			Items    []json.RawMessage `json:"items"`
		}
		meta, items, err := splitList(text)
		if json.Unmarshal(text, &want) != nil {
			return
		}
		// Names are compared exactly, whereas encoding/json ignores case and escapes.
		if err != nil || strings.ContainsAny(string(text), `\`) || strings.Count(strings.ToLower(string(text)), `"items"`) != 1 ||
			strings.Count(string(text), `"items"`) != 1 {
			return
		}
		if meta.ResourceVersion != want.Metadata.ResourceVersion && strings.Count(strings.ToLower(string(text)), `"metadata"`) == 1 &&
			strings.Count(string(text), `"metadata"`) == 1 && strings.Count(strings.ToLower(string(text)), `"resourceversion"`) == 1 {
			t.Errorf("version %q, want %q", meta.ResourceVersion, want.Metadata.ResourceVersion)
		}
		for i := range items {
			if i < len(want.Items) && !bytes.Equal(items[i], want.Items[i]) {
				t.Errorf("item %d: %s, want %s", i, items[i], want.Items[i])
			}
		}
		if len(items) != len(want.Items) {
			t.Errorf("%d items, want %d", len(items), len(want.Items))
		}
	})
}
