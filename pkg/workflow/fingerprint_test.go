package workflow

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// Every later version must understand what a released version has recorded on a workflow. Another
// hash of the same request would turn every key in use into a conflict.
func TestGoldenMarks(t *testing.T) {
	c := &WorkflowClient{namespace: "ma", instanceID: "blue"}
	full := StartRequest{
		Template: "reindex", ClusterScope: true, Entrypoint: "main", ServiceAccount: "runner",
		Parameters:         map[string]any{"index": "logs", "shards": 3, "empty": ""},
		OptionalParameters: map[string]any{"more": true},
		Labels:             map[string]string{"team": "search", "a": "b"}, Annotations: map[string]string{"note": "<x>"},
		Spec: map[string]any{"priority": 3, "ttlStrategy": map[string]any{"aLaterField": 1.5}},
	}
	for name, tc := range map[string]struct {
		req  StartRequest
		want string
	}{
		"template": {StartRequest{Template: "reindex", Parameters: map[string]any{"shards": 3}}, goldenStart + `"request":"oTE8rcdn4tgcjV8xfx8jVg","fields":{"instanceID":"_Tr3SNyb9uU","parameters[shards]":"EfW4NfeyNeU","template":"yjh2ONkWhEo"}}`},
		"cluster template": {full, goldenStart + `"request":"Pzj7ddyf-kciOkWGFYx0kQ","fields":{"annotations":"85HISya3lWs","clusterScope":"kjjmr4hQNrc","entrypoint":"uzACosZYCxo",` +
			`"instanceID":"_Tr3SNyb9uU","labels":"qwN3RXpRekU","optionalParameters[more]":"tO__2ddTmIc","parameters[empty]":"8hkccOVpdAs",` +
			`"parameters[index]":"UpxKqfToaaI","parameters[shards]":"EfW4NfeyNeU","serviceAccount":"ps_U_MO1skg","spec":"O-_pftIGgM0",` +
			`"template":"yjh2ONkWhEo"}}`},
		"cron":     {StartRequest{CronWorkflow: "nightly", Parameters: map[string]any{"size": "large"}}, goldenStart + `"request":"7g9hsgMcZ9UD7D3s-cVosg","fields":{"cronWorkflow":"5KoWP1PrJoc","instanceID":"_Tr3SNyb9uU","parameters[size]":"SHPvn7CJkc0"}}`},
		"manifest": {StartRequest{Manifest: []byte("metadata: {generateName: own-}\nspec: {}\n")}, goldenStart + `"request":"yW96Ub4fj8qTUyhkEwFurA","fields":{"instanceID":"_Tr3SNyb9uU","manifest":"9SOxoPj1EyE"}}`},
	} {
		args, _, problems := checkRequest(t.Context(), tc.req, "ma")
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		fields, err := c.requestFields(tc.req, args)
		if err != nil {
			t.Fatal(err)
		}
		if got := claimText(t, fields); got != tc.want {
			t.Errorf("%s: %s\nwant %s", name, got, tc.want)
		}
	}
	fields, err := (&WorkflowClient{}).resubmitFields(&submission{args: spec.Arguments{Required: map[string]string{"a": "b"}}}, "w", "u")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := claimText(t, fields), goldenStart+`"request":"PVmjAuwpsjlQUg11p39xjQ","fields":{"parameters[a]":"unYFHYn2A5A","uid":"1GLQu8COvfk","workflow":"ng7L78lwOvk"}}`; got != want {
		t.Errorf("resubmit: %s\nwant %s", got, want)
	}
}

// goldenStart is the beginning of every claim of the key "session-42".
const goldenStart = `{"version":1,"name":"key-yhqhogq45obrebu5s62hjyey","id":"random","key":"yhqhogq45obrebu5s62hjyey",`

// claimText returns the annotation of a workflow that is started with the key "session-42".
func claimText(t *testing.T, fields map[string]string) string {
	t.Helper()
	wf := newDraft("it", "t", map[string]any{}).obj
	own := newClaim("", "t", "session-42", fields)
	own.ID = "random"
	if err := own.put(wf); err != nil {
		t.Fatal(err)
	}
	return wf.GetAnnotations()[naming.AnnotationStart]
}

// A field that a later version adds is omitted for requests that don't set it. So the fingerprints
// of today's requests stay the same.
func TestLaterFieldsChangeNoFingerprint(t *testing.T) {
	now := newKeySecret("k").fingerprint(map[string]string{"template": "t", "parameters[a]": "1"})
	later := newKeySecret("k").fingerprint(map[string]string{"template": "t", "parameters[a]": "1", "added": "x"})
	if now.Request == later.Request || !slices.Equal(now.differences(later), []string{"added"}) ||
		!slices.Equal(later.differences(now), []string{"added"}) {
		t.Errorf("%v, %v", now, later)
	}
}

// Without the key, nothing on the workflow allows a value to be guessed: neither the hash of the
// whole request nor that of a field can be computed from the value alone.
func TestFingerprintsDependOnTheKey(t *testing.T) {
	fields := map[string]string{"template": "t", "optionalParameters[password]": "hunter2"}
	one, other := newKeySecret("one").fingerprint(fields), newKeySecret("other").fingerprint(fields)
	if one.Request == other.Request {
		t.Error("the same hash under another key")
	}
	for name := range fields {
		if one.Fields[name] == other.Fields[name] {
			t.Errorf("%s: the same hash under another key", name)
		}
	}
	same := newKeySecret("one").fingerprint(map[string]string{"parameters[a]": "x", "parameters[b]": "x"})
	if same.Fields["parameters[a]"] == same.Fields["parameters[b]"] {
		t.Error("it shows that two parameters have the same value")
	}
}

// Requests that differ only in where a name ends and a value begins have different fingerprints.
func TestFingerprintsOfRequestsThatLookAlike(t *testing.T) {
	seen := map[string]map[string]string{}
	for _, fields := range []map[string]string{
		{}, {"a": ""}, {"a": "b"}, {"ab": ""}, {"a": "b", "c": "d"}, {"a": "bcd"}, {"a": "b\x00c\x00d"}, {"a": "d", "c": "b"},
	} {
		request := newKeySecret("k").fingerprint(fields).Request
		if other, twice := seen[request]; twice {
			t.Errorf("%q and %q are taken for the same", fields, other)
		}
		seen[request] = fields
	}
}

// However many parameters there are, the claim stays small. It detects every difference and names
// the fields that it can.
func TestFingerprintIsBounded(t *testing.T) {
	fields := map[string]string{"template": "t", "spec": "{}"}
	for i := range 2000 {
		fields[fmt.Sprintf("parameters[%s-%04d]", strings.Repeat("p", 20), i)] = "x"
	}
	if size := len(claimText(t, fields)); size > maxFingerprint+1<<10 {
		t.Errorf("%d bytes", size)
	}
	one := newKeySecret("k").fingerprint(fields)
	for name, named := range map[string]bool{
		"template": true, "spec": true, "parameters[" + strings.Repeat("p", 20) + "-0000]": true,
		"parameters[" + strings.Repeat("p", 20) + "-1999]": false,
	} {
		changed := maps.Clone(fields)
		changed[name] = "y"
		other := newKeySecret("k").fingerprint(changed)
		if other.Request == one.Request {
			t.Errorf("%s: it differs, and is taken for the same", name)
		}
		if got := one.differences(other); named != slices.Equal(got, []string{name}) || !named && len(got) > 0 {
			t.Errorf("%s: it is said to differ in %v", name, got)
		}
	}
}
