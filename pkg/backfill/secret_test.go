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

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// shownOf shows a value in every way there is. %p is not among them, since it asks no method.
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

// forms are how printers write a string.
func forms(text string) []string {
	var bytesOf []string
	for _, b := range []byte(text) {
		bytesOf = append(bytesOf, fmt.Sprint(b))
	}
	return []string{text, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text), strings.Join(bytesOf, " "), strings.Join(bytesOf, ", ")}
}

// aConfig has a secret wherever there can be one, as a program has made it.
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

func TestSecretsMaskThemselves(t *testing.T) {
	cfg := aConfig(t)
	b, err := New(cfg, Dependencies{Workflows: &recorder{}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(config(t, "backfill", "{reindex_from_snapshot: {k8s: {namespace: ns, deployment_name: d}}}"), Dependencies{Kubernetes: newApps(t, "[]")})
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
		"how it is reindexed":           cfg.Backfill,
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
		t.Errorf("more is masked than the secrets: %s", text)
	}
	if cfg.Backfill.Argo.Parameters["target-password"] != "s3cr3t" {
		t.Error("the caller's configuration was changed")
	}
}

func TestSecret(t *testing.T) {
	var none Secret
	if none.String() != "" || none.Reveal() != "" || !none.Equal(NewSecret("")) {
		t.Error("an empty secret looks like one")
	}
	s := NewSecret("s3cr3t")
	if s.Reveal() != "s3cr3t" || !s.Equal(NewSecret("s3cr3t")) || s.Equal(NewSecret("other")) || s.Equal(none) {
		t.Error("a secret isn't itself")
	}
	var read struct{ Password Secret }
	if err := json.Unmarshal([]byte(`{"Password": "s3cr3t"}`), &read); err != nil || !read.Password.Equal(s) {
		t.Errorf("%v", err)
	}
	if text := fmt.Sprintf("%v %q %#v %d", s, s, s, s); text != `***** "*****" "*****" *****` {
		t.Error(text)
	}
}

// describedAgain are a backfill and the one that it describes.
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

// What Describe returns describes the same backfill: what is masked can still be revealed.
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

// A value of another type that has a secret in it is masked as a whole, and handed on as it was, so that
// the client can refuse what would arrive masked.
func TestSecretsWithinOtherTypes(t *testing.T) {
	for name, c := range map[string]struct {
		value  any
		hidden bool
		want   func(any) bool // what is handed on; nil: the value itself
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
		"no JSON": {&struct{ Do, Password any }{func() {}, "s3cr3t"}, false, func(got any) bool {
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
				t.Errorf("%s: %T is handed on", name, got)
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

// What a configuration shows of a password is not taken for the password.
func TestMasksAreNoSecrets(t *testing.T) {
	text, err := json.Marshal(BasicAuth{Username: "u", Password: NewSecret("s3cr3t")})
	if err != nil {
		t.Fatal(err)
	}
	var read BasicAuth
	if err := json.Unmarshal(text, &read); err == nil {
		t.Errorf("%s was read", text)
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

// The JSON of a status has no parameters of the workflow, also where it is no pointer.
func TestStatusShowsNoParameters(t *testing.T) {
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

// Without the space after a colon, the value is a part of the key.
func TestKeysOfMistakesShowNoValues(t *testing.T) {
	for text, path := range map[string]string{
		file("target_cluster", "{endpoint: https://t, basic_auth: {k8s_secret_name: c, password:s3cr3t}}"):                     "target_cluster.basic_auth.password…",
		file("backfill", "{reindex_from_snapshot: {argo: {workflow_template_name: t, parameters: {target-password:s3cr3t}}}}"): "backfill.reindex_from_snapshot.argo.parameters.target-password…",
		file("snapshot", "{snapshot_name: s, fs: {repo_path: /p}, token = s3cr3t}"):                                            "snapshot.token…",
	} {
		_, err := ParseConfig([]byte(text))
		var invalid *workflow.InvalidError
		if !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[0].Field != path || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSecretsAmongTheParametersNeedAWord(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		path  string // "": it is none
	}{
		"target-password": {"s3cr3t", "target-password"},
		"api-token":       {"s3cr3t", "api-token"},
		"secret-key":      {"s3cr3t", "secret-key"},
		"number-secret":   {7777777, ""}, // how many there are
		"pin-secret":      {7777777, "pin-secret"},
		"target-config":   {map[string]any{"basic_auth": map[string]any{"password": "s3cr3t"}}, "target-config.basic_auth.password"},
		"list":            {[]any{map[string]any{"apiKey": "s3cr3t"}}, "list[0].apiKey"},
		"json":            {`{"basic_auth": {"password": "s3cr3t"}}`, "json.basic_auth.password"},
		"yaml":            {"basic_auth:\n  password: s3cr3t", "yaml.basic_auth.password"},
		"source-host":     {"https://u:s3cr3t@host", "source-host"},
		"typed":           {NewSecret("s3cr3t"), "typed"},
		"target-secret":   {"a-name", ""},
		"k8s_secret_name": {"a-name", ""},
		"token-count":     {7, ""},
		"empty-password":  {"", ""},
		"use-token":       {"true", ""},
		"reference":       {map[string]any{"secretKeyRef": map[string]any{"name": "a-name", "key": "password"}}, ""},
		"source":          {"https://host:9200", ""},
	} {
		cfg := config(t, "", "")
		cfg.Backfill.Argo.Parameters = map[string]any{name: c.value}
		_, err := New(cfg, Dependencies{Workflows: &recorder{}})
		if c.path == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var invalid *workflow.InvalidError
		if !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[0].Field != "backfill.reindex_from_snapshot.argo.parameters."+c.path ||
			strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), "plaintext_credentials") {
			t.Errorf("%s: %v", name, err)
		}
		cfg.Backfill.Argo.PlaintextCredentials = true
		if _, err := New(cfg, Dependencies{Workflows: &recorder{}}); err != nil {
			t.Errorf("%s: with the word: %v", name, err)
		}
	}
}

func TestEndpointsHaveNoUserinfo(t *testing.T) {
	const userinfo = "https://u:s3cr3t@host:9200"
	for path, text := range map[string]string{
		"target_cluster.endpoint":               "target_cluster: {endpoint: '" + userinfo + "', no_auth: }",
		"target_cluster.sigv4_signing_endpoint": "target_cluster: {endpoint: 'https://t', sigv4_signing_endpoint: '" + userinfo + "', sigv4: }",
		"snapshot.s3.endpoint":                  "snapshot: {snapshot_name: s, s3: {repo_uri: 's3://b', aws_region: r, endpoint: 'u:s3cr3t@host'}}",
		"snapshot.s3.repo_uri":                  "snapshot: {snapshot_name: s, s3: {repo_uri: 's3://u:s3cr3t@b/p', aws_region: r}}",
		"snapshot.gcs.endpoint":                 "snapshot: {snapshot_name: s, gcs: {repo_uri: 'gs://b', endpoint: '" + userinfo + "'}}",
		"snapshot.gcs.repo_uri":                 "snapshot: {snapshot_name: s, gcs: {repo_uri: 'gs://s3cr3t@b'}}",
	} {
		part, rest, _ := strings.Cut(text, ": ")
		_, err := ParseConfig([]byte(file(part, rest)))
		var invalid *workflow.InvalidError
		if !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[0].Field != path || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, place := range []string{"https://u:s3cr3t/x@host", "https://u:s3cr3t#x@host", "//u:s3cr3t@host"} { // whoever writes it forgets the escape
		_, err := ParseConfig([]byte(file("snapshot", "{snapshot_name: s, s3: {repo_uri: 's3://b', aws_region: r, endpoint: '"+place+"'}}")))
		if !errors.Is(err, workflow.ErrInvalid) || !strings.Contains(err.Error(), "snapshot.s3.endpoint") || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", place, err)
		}
	}
	for path, change := range map[string]func(*Config){ // a configuration need not come from a file
		"target_cluster.endpoint": func(c *Config) { c.TargetCluster.Endpoint = userinfo },
		"snapshot.s3.endpoint":    func(c *Config) { c.Snapshot.S3.Endpoint = userinfo },
		"snapshot.s3.repo_uri":    func(c *Config) { c.Snapshot.S3.URI = "s3://b?token=s3cr3t" },
	} {
		cfg := config(t, "", "")
		change(&cfg)
		if _, err := New(cfg, Dependencies{Workflows: &recorder{}}); !errors.Is(err, workflow.ErrInvalid) ||
			!strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// The workers would send the password over the network, too.
func TestBasicAuthOverHTTP(t *testing.T) {
	for endpoint, refused := range map[string]bool{
		"http://t:9200": true, "HTTP://t": true, "http://10.0.0.1:9200": true, "http://127.0.0.1.example": true, "http://localhost.example": true,
		"http://[2001:db8::1]": true, "http://0.0.0.0": true, "ht tp://t": true, "//t": true, "t:9200": true,
		"https://t:9200": false, "http://localhost:9200": false, "http://127.0.0.1:9200": false, "http://127.8.9.1": false, "http://[::1]:9200": false,
	} {
		cfg := config(t, "", "")
		cfg.TargetCluster = Cluster{Endpoint: endpoint, Basic: &BasicAuth{K8sSecretName: "target"}}
		_, err := New(cfg, Dependencies{Workflows: &recorder{}})
		if errors.Is(err, workflow.ErrInvalid) != refused || refused && !strings.Contains(err.Error(), "allow_insecure: true") {
			t.Errorf("%s: %v", endpoint, err)
		}
		cfg.TargetCluster.AllowInsecure = true
		if _, err := New(cfg, Dependencies{Workflows: &recorder{}}); err != nil {
			t.Errorf("%s, allowed: %v", endpoint, err)
		}
		cfg.TargetCluster = Cluster{Endpoint: endpoint}
		if _, err := New(cfg, Dependencies{Workflows: &recorder{}}); err != nil {
			t.Errorf("%s, without a password: %v", endpoint, err)
		}
	}
}
