package wfjson_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

func TestIdentify(t *testing.T) {
	whole := wfjson.Identity{Name: "w", UID: "1-2", ResourceVersion: "42"}
	const rest = `"name":"w","resourceVersion":"42","uid":"1-2"}`
	for name, tc := range map[string]struct {
		text string
		want wfjson.Identity
	}{
		"as the API server sends it": {`{"apiVersion":"a","kind":"Workflow","metadata":{"labels":{"name":"x","uid":"y"},"managedFields":[{"f":{"name":1}}],` + rest + `,"spec":{}}`, whole},
		"broken behind it":           {`{"metadata":{` + rest + ` ]]]`, whole},
		"cut off behind it":          {`{"metadata":{` + rest, whole},
		"another order":              {`{"status":{"metadata":{"name":"x"}},"spec":{},"metadata":{"uid":"1-2","name":"w","resourceVersion":"42"}}`, whole},
		"escapes":                    {`{"m\u0065tadata":{"\u006eame":"\u0077","uid":"1\u002d2","resourceVersion":"\u0034\u0032"}}`, whole},
		"spaces":                     {" {\n\"metadata\" : {\t\"name\" : \"w\" , \"uid\" : \"1-2\",\"resourceVersion\":\"42\" } } ", whole},
		"the last of one name":       {`{"metadata":{"name":"x","name":1,"uid":"0",` + rest + `}`, whole},
		"a bookmark":                 {`{"kind":"Workflow","metadata":{"resourceVersion":"42","creationTimestamp":null},"spec":{}}`, wfjson.Identity{ResourceVersion: "42"}},
		"wrong types":                {`{"metadata":{"name":1,"uid":null,"resourceVersion":{"a":"b"}}}`, wfjson.Identity{}},
		"metadata of a wrong type":   {`{"metadata":[{"name":"w"}]}`, wfjson.Identity{}},
		"no metadata":                {`{"status":{}}`, wfjson.Identity{}},
		"an empty object":            {`{}`, wfjson.Identity{}},
	} {
		if id, err := wfjson.Identify([]byte(tc.text)); err != nil || id != tc.want {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
}

func TestIdentifyRefusesOtherThanObjects(t *testing.T) {
	for _, text := range []string{`null`, `[]`, `"x"`, `1`} {
		if id, err := wfjson.Identify([]byte(text)); !errors.Is(err, wfjson.ErrNotObject) || id != (wfjson.Identity{}) {
			t.Errorf("%s: %+v, %v", text, id, err)
		}
	}
	const text = `{"status":{"a":[1,true,"\u0061"]},"metadata":{"name":"w","uid":"1-2","resourceVersion":"42"}`
	for at := range len(text) {
		var broken *wfjson.SyntaxError
		if id, err := wfjson.Identify([]byte(text[:at])); !errors.As(err, &broken) || broken.Offset != at || id != (wfjson.Identity{}) {
			t.Errorf("cut off at %d: %+v, %v", at, id, err)
		}
	}
	for _, text := range []string{`x`, `{"metadata":{"name":"w"]`, `{"metadata":{"name":s3cret}}`, `{"a":1 "metadata":{}}`, `[1`, `{"metadata":tru3}`} {
		var broken *wfjson.SyntaxError
		if _, err := wfjson.Identify([]byte(text)); !errors.As(err, &broken) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// The cost of Identify for each event of a watch must not depend on the size of the object.
func TestIdentifyStopsBehindMetadata(t *testing.T) {
	text := []byte(`{"metadata":{"name":"w","uid":"1","resourceVersion":"2"},"status":` + strings.Repeat("x", 64<<20))
	if allocations := testing.AllocsPerRun(1_000, func() { // 64 GB if it looked at all of it
		if _, err := wfjson.Identify(text); err != nil {
			t.Fatal(err)
		}
	}); allocations > 3 {
		t.Errorf("%v allocations for three strings", allocations)
	}
}

func TestLabels(t *testing.T) {
	for text, want := range map[string]map[string]string{
		`{"metadata":{"labels":{"a":"b","\u0063":"","d":1},"name":"w"}} ]`: {"a": "b", "c": "", "d": ""},
		`{"metadata":{"labels":{}}}`:                                       nil, `{"metadata":{"labels":[1]}}`: nil, `{"metadata":{"labels":null}}`: nil,
		`{"metadata":{}}`: nil, `{"metadata":1}`: nil, `{"labels":{"a":"b"}}`: nil,
	} {
		if got, err := wfjson.Labels([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if _, err := wfjson.Labels([]byte(`[]`)); !errors.Is(err, wfjson.ErrNotObject) {
		t.Errorf("a list: %v", err)
	}
	var broken *wfjson.SyntaxError
	if _, err := wfjson.Labels([]byte(`{"metadata":{"labels":{`)); !errors.As(err, &broken) {
		t.Errorf("cut off: %v", err)
	}
}
