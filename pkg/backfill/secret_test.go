package backfill

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"text/template"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/fakekube"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// shownOf formats a value in every way except %p, which calls no method.
func shownOf(t *testing.T, value any) map[string]string {
	t.Helper()
	shown := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%o", "%b", "%c", "%U", "%e", "%g", "%t", "%T"} {
		shown[verb] = fmt.Sprintf(verb, value)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	shown["JSON"] = string(text)
	var asText, asJSON, byTemplate bytes.Buffer
	slog.New(slog.NewTextHandler(&asText, nil)).Info("x", "value", value)
	slog.New(slog.NewJSONHandler(&asJSON, nil)).Info("x", "value", value)
	if err := template.Must(template.New("").Parse("{{.}}")).Execute(&byTemplate, value); err != nil {
		t.Fatal(err)
	}
	shown["text log"], shown["JSON log"], shown["template"] = asText.String(), asJSON.String(), byTemplate.String()
	shown["error"] = fmt.Errorf("failed: %v", value).Error()
	return shown
}

// forms returns the forms in which formatters write a string.
func forms(text string) []string {
	var bytesOf []string
	for _, b := range []byte(text) {
		bytesOf = append(bytesOf, fmt.Sprint(b))
	}
	return []string{text, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text), strings.Join(bytesOf, " "), strings.Join(bytesOf, ", ")}
}

// aConfig returns a configuration, as a program would build it, with a secret in every place that
// can hold one.
func aConfig(t *testing.T) Config {
	t.Helper()
	cfg := config(t, "target_cluster", "{endpoint: https://t:9200, basic_auth: {username: u, password: s3cr3t}}")
	cfg.Backfill.Argo.PlaintextCredentials = true
	cfg.Backfill.Argo.Parameters = map[string]any{
		"target-password": "s3cr3t", "shards": 3, "pin-secret": 3171737,
		"tree":          map[string]any{"auth": []any{map[string]any{"api_key": "s3cr3t", "user": "u"}}},
		"target-config": `{"basic_auth":{"password":"s3cr3t"},"endpoint":"https://t"}`,
		"yaml":          "basic_auth:\n  password: s3cr3t\n",
		"source":        "https://u:s3cr3t@source:9200",
		"typed":         NewSecret("s3cr3t"),
	}
	return cfg
}

func TestSecretsAreMasked(t *testing.T) {
	cfg := aConfig(t)
	b, err := New(cfg, Dependencies{Workflows: &recorder{}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(config(t, "backfill", "{reindex_from_snapshot: {k8s: {namespace: ns, deployment_name: d}}}"), Dependencies{Kubernetes: fakekube.New(t, "[]").Client(nil)})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := cfg
	elsewhere.TargetCluster.Endpoint = "https://u:s3cr3t@t"
	elsewhere.TargetCluster.SigV4SigningEndpoint = "https://u:s3cr3t@t"
	elsewhere.Snapshot = &Snapshot{S3: &S3Repository{URI: "s3://u:s3cr3t@b", Endpoint: "u:s3cr3t@t"}, GCS: &GCSRepository{URI: "gs://b?token=s3cr3t", Endpoint: "https://u:s3cr3t/x@t"}}
	described := b.Describe()
	written := maps.Clone(cfg.Backfill.Argo.Parameters)
	written["typed"] = "Basic dTpzM2NyM3Q=" // which is u:s3cr3t
	parameters, err := json.Marshal(written)
	if err != nil {
		t.Fatal(err)
	}
	parsed := config(t, "backfill", "{reindex_from_snapshot: {argo: {workflow_template_name: t, parameters: "+string(parameters)+"}}}")
	parsed.TargetCluster.Basic = cfg.TargetCluster.Basic
	for name, value := range map[string]any{
		"a secret":                      NewSecret("s3cr3t"),
		"a pointer to one":              new(NewSecret("s3cr3t")),
		"in an unexported field":        struct{ hidden Secret }{NewSecret("s3cr3t")},
		"in an embedded one":            struct{ Secret }{NewSecret("s3cr3t")},
		"in lists and maps":             map[string]any{"x": []Secret{NewSecret("s3cr3t")}},
		"a cluster":                     elsewhere.TargetCluster,
		"credentials":                   *cfg.TargetCluster.Basic,
		"credentials, unexported":       struct{ hidden BasicAuth }{*cfg.TargetCluster.Basic},
		"what Argo runs":                *cfg.Backfill.Argo,
		"a pointer to it":               cfg.Backfill.Argo,
		"the backfill section":          cfg.Backfill,
		"a snapshot":                    *elsewhere.Snapshot,
		"a repository in S3":            *elsewhere.Snapshot.S3,
		"a repository in GCS":           *elsewhere.Snapshot.GCS,
		"a configuration":               elsewhere,
		"a configuration, unexported":   struct{ hidden Config }{parsed},
		"a pointer to a configuration":  &cfg,
		"a description":                 described,
		"a description, unexported":     struct{ hidden Config }{described},
		"its parameters":                described.Backfill.Argo.Parameters,
		"its parameters, unexported":    struct{ hidden Argo }{*described.Backfill.Argo},
		"a backfill":                    b,
		"a backfill in a struct":        struct{ B Backfill }{b},
		"a backfill, unexported":        struct{ hidden Backfill }{b},
		"the backfill itself":           *b.(*argoBackfill),
		"a backfill by deployment":      d,
		"an error about a backfill":     fmt.Errorf("%v", b),
		"the type behind a description": plainArgo(*described.Backfill.Argo),
	} {
		ways := shownOf(t, value)
		if strings.Contains(name, "unexported") || strings.Contains(name, "a secret") || strings.Contains(name, "backfill") {
			ways["%p"] = fmt.Sprintf("%p", value)
		}
		for way, shown := range ways {
			for _, secret := range append(forms("s3cr3t"), "dTpzM2NyM3Q", "3171737", "3065d9", "14062731") {
				if strings.Contains(shown, secret) {
					t.Errorf("%s, %s: %s", name, way, shown)
				}
			}
		}
	}
	if text := shownOf(t, b)["%v"]; !strings.Contains(text, b.Describe().SessionName()) {
		t.Errorf("a backfill shows as %s", text)
	}
	if text := shownOf(t, described)["JSON"]; !strings.Contains(text, `{\"basic_auth\":{\"password\":\"*****\"},\"endpoint\":\"https://t\"}`) ||
		!strings.Contains(text, `"https://*****@source:9200"`) || !strings.Contains(text, `"shards":3`) || !strings.Contains(text, `"user":"u"`) {
		t.Errorf("more than the secrets is masked: %s", text)
	}
	if cfg.Backfill.Argo.Parameters["target-password"] != "s3cr3t" {
		t.Error("the caller's configuration was changed")
	}
}

func TestSecret(t *testing.T) {
	var none Secret
	if none.String() != "" || none.Reveal() != "" || !none.Equal(NewSecret("")) {
		t.Error("an empty secret is masked")
	}
	s := NewSecret("s3cr3t")
	if s.Reveal() != "s3cr3t" || !s.Equal(NewSecret("s3cr3t")) || s.Equal(NewSecret("other")) || s.Equal(none) {
		t.Error("a secret does not equal itself")
	}
	var read struct{ Password Secret }
	if err := json.Unmarshal([]byte(`{"Password": "s3cr3t"}`), &read); err != nil || !read.Password.Equal(s) {
		t.Errorf("%v", err)
	}
	if text := fmt.Sprintf("%v %q %#v %d", s, s, s, s); text != `***** "*****" "*****" *****` {
		t.Error(text)
	}
}

// describedAgain returns a backfill, and another backfill made from the first one's description.
func describedAgain(t *testing.T, cfg Config, workflows workflow.Interface) (b, again Backfill) {
	t.Helper()
	b, err := New(cfg, Dependencies{Workflows: workflows})
	if err != nil {
		t.Fatal(err)
	}
	again, err = New(b.Describe(), Dependencies{Workflows: workflows})
	if err != nil {
		t.Fatal(err)
	}
	return b, again
}

// The result of Describe describes the same backfill: its secrets are masked, not lost.
func TestDescriptionsCanBeUsed(t *testing.T) {
	r := &recorder{status: &status.WorkflowStatus{}}
	cfg := aConfig(t)
	b, again := describedAgain(t, cfg, r)
	for _, each := range []Backfill{b, again} {
		if _, err := each.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	cfg.Backfill.Argo.Parameters["typed"] = "s3cr3t"
	want := fmt.Sprint(cfg.Backfill.Argo.Parameters)
	for _, req := range r.requests {
		if got := fmt.Sprint(req.Parameters); got != want || req.OptionalParameters["target-username"] != "u" {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

// A value of another type that contains a secret is masked as a whole. It is passed on unchanged,
// so that the client can refuse a value that would be sent masked.
func TestSecretsWithinOtherTypes(t *testing.T) {
	for name, c := range map[string]struct {
		value  any
		hidden bool
		want   func(any) bool // checks the value that is passed on
	}{
		"pointer": {new(NewSecret("s3cr3t")), true, func(got any) bool { return got == "s3cr3t" }},
		"env": {map[string]Secret{"x": NewSecret("s3cr3t")}, true, func(got any) bool {
			env, ok := got.(map[string]Secret)
			return ok && env["x"].Reveal() == "s3cr3t"
		}},
		"struct": {BasicAuth{Password: NewSecret("s3cr3t")}, true, func(got any) bool {
			auth, ok := got.(BasicAuth)
			return ok && auth.Password.Reveal() == "s3cr3t"
		}},
		"bytes": {[]byte("password=s3cr3t"), true, func(got any) bool {
			text, ok := got.([]byte)
			return ok && string(text) == "password=s3cr3t"
		}},
		"expression": {workflow.Expression("password=s3cr3t"), true, func(got any) bool { return got == workflow.Expression("password=s3cr3t") }},
		"not JSON": {&struct{ Do, Password any }{func() {}, "s3cr3t"}, false, func(got any) bool {
			whole, ok := got.(*struct{ Do, Password any })
			return ok && whole.Password == "s3cr3t"
		}},
		"nil pointer": {(*Secret)(nil), false, func(got any) bool { return got == (*Secret)(nil) }},
	} {
		cfg := config(t, "", "")
		cfg.Backfill.Argo.Parameters = map[string]any{name: c.value}
		if _, err := New(cfg, Dependencies{Workflows: &recorder{}}); errors.Is(err, workflow.ErrInvalid) != c.hidden {
			t.Errorf("%s: %v", name, err)
		}
		cfg.Backfill.Argo.PlaintextCredentials = true
		r := &recorder{status: &status.WorkflowStatus{}}
		b, again := describedAgain(t, cfg, r)
		for _, each := range []Backfill{b, again} {
			if _, err := each.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := r.requests[len(r.requests)-1].Parameters[name]
			if !c.want(got) {
				t.Errorf("%s: %T is passed on", name, got)
			}
		}
		for _, shown := range []any{cfg, b.Describe(), again.Describe()} {
			for way, text := range shownOf(t, shown) {
				for _, secret := range forms("s3cr3t") {
					if strings.Contains(text, secret) {
						t.Errorf("%s, %s: %s", name, way, text)
					}
				}
			}
		}
	}
}

// The mask of a password is not accepted as a password.
func TestMasksAreNotSecrets(t *testing.T) {
	text, err := json.Marshal(BasicAuth{Username: "u", Password: NewSecret("s3cr3t")})
	if err != nil {
		t.Fatal(err)
	}
	var read BasicAuth
	if err := json.Unmarshal(text, &read); err == nil {
		t.Errorf("%s was accepted", text)
	}
	_, err = ParseConfig([]byte(file("target_cluster", "{endpoint: https://t:9200, basic_auth: {username: u, password: '*****'}}")))
	if !errors.Is(err, workflow.ErrInvalid) || !strings.Contains(err.Error(), "target_cluster.basic_auth.password") {
		t.Error(err)
	}
	cfg := aConfig(t)
	cfg.TargetCluster.Basic = &BasicAuth{Username: "u", Password: NewSecret("*****")}
	if _, err := New(cfg, Dependencies{Workflows: &recorder{}}); !errors.Is(err, workflow.ErrInvalid) {
		t.Error(err)
	}
}

// The JSON of a status contains no parameters of the workflow, even if the status is not a pointer.
func TestStatusContainsNoParameters(t *testing.T) {
	st := Status{Session: "s", Workflow: &status.WorkflowStatus{
		Name: "w", Arguments: []status.Parameter{{Name: "target-password", Value: "s3cr3t"}},
	}}
	for _, value := range []any{st, &st, struct{ Status Status }{st}, map[string]Status{"a": st}} {
		text, err := json.Marshal(value)
		if err != nil || strings.Contains(string(text), "s3cr3t") || !strings.Contains(string(text), `"session":"s"`) {
			t.Errorf("%s, %v", text, err)
		}
	}
}
