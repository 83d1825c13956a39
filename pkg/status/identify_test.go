package status_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestIdentify(t *testing.T) {
	whole := status.Identity{Name: "w", UID: "1-2", ResourceVersion: "42"}
	const rest = `"name":"w","resourceVersion":"42","uid":"1-2"}`
	for name, tc := range map[string]struct {
		text string
		want status.Identity
	}{
		"as the server writes it":  {`{"apiVersion":"a","kind":"Workflow","metadata":{"labels":{"name":"x","uid":"y"},"managedFields":[{"f":{"name":1}}],` + rest + `,"spec":{}}`, whole},
		"broken behind it":         {`{"metadata":{` + rest + ` ]]]`, whole},
		"cut off behind it":        {`{"metadata":{` + rest, whole},
		"another order":            {`{"status":{"metadata":{"name":"x"}},"spec":{},"metadata":{"uid":"1-2","name":"w","resourceVersion":"42"}}`, whole},
		"escapes":                  {`{"m\u0065tadata":{"\u006eame":"\u0077","uid":"1\u002d2","resourceVersion":"\u0034\u0032"}}`, whole},
		"spaces":                   {" {\n\"metadata\" : {\t\"name\" : \"w\" , \"uid\" : \"1-2\",\"resourceVersion\":\"42\" } } ", whole},
		"the last of one name":     {`{"metadata":{"name":"x","name":1,"uid":"0",` + rest + `}`, whole},
		"a bookmark":               {`{"kind":"Workflow","metadata":{"resourceVersion":"42","creationTimestamp":null},"spec":{}}`, status.Identity{ResourceVersion: "42"}},
		"wrong types":              {`{"metadata":{"name":1,"uid":null,"resourceVersion":{"a":"b"}}}`, status.Identity{}},
		"metadata of a wrong type": {`{"metadata":[{"name":"w"}]}`, status.Identity{}},
		"no metadata":              {`{"status":{}}`, status.Identity{}},
		"nothing":                  {`{}`, status.Identity{}},
	} {
		if id, err := status.Identify([]byte(tc.text)); err != nil || id != tc.want {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
}

func TestIdentifyRefusesWhatIsNoObject(t *testing.T) {
	for _, text := range []string{`null`, `[]`, `"x"`, `1`} {
		var not *status.NotWorkflowError
		if id, err := status.Identify([]byte(text)); !errors.As(err, &not) || id != (status.Identity{}) {
			t.Errorf("%s: %+v, %v", text, id, err)
		}
	}
	const text = `{"status":{"a":[1,true,"\u0061"]},"metadata":{"name":"w","uid":"1-2","resourceVersion":"42"}`
	for at := range len(text) {
		var broken *status.JSONError
		if id, err := status.Identify([]byte(text[:at])); !errors.As(err, &broken) || broken.Offset != at || id != (status.Identity{}) {
			t.Errorf("cut off at %d: %+v, %v", at, id, err)
		}
	}
	for _, text := range []string{`x`, `{"metadata":{"name":"w"]`, `{"metadata":{"name":s3cret}}`, `{"a":1 "metadata":{}}`, `[1`, `{"metadata":tru3}`} {
		var broken *status.JSONError
		if _, err := status.Identify([]byte(text)); !errors.As(err, &broken) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What a watch asks of each event must not depend on how much there is behind metadata.
func TestIdentifyLooksNoFurtherThanMetadata(t *testing.T) {
	text := []byte(`{"metadata":{"name":"w","uid":"1","resourceVersion":"2"},"status":` + strings.Repeat("x", 64<<20))
	if allocations := testing.AllocsPerRun(1_000, func() { // 64 GB if it looked at all of it
		if _, err := status.Identify(text); err != nil {
			t.Fatal(err)
		}
	}); allocations > 3 {
		t.Errorf("%v allocations for three texts", allocations)
	}
}
