package backfill

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// camelCase is a mapping for a template with objects as parameters.
const camelCase = `parameter_mapping: {sessionName: session-name, insecure: target-insecure, targetConfig: {endpoint: target-host, authConfig: {basic: {secretName: target-secret}}}, ` +
	`snapshotConfig: {snapshotName: snapshot-name, repoConfig: {uri: s3-repo-uri, endpoint: s3-endpoint}}, unset: {a: {b: s3-endpoint}}}`

func mappingConfig(t *testing.T, argo string) (Config, error) {
	t.Helper()
	return ParseConfig([]byte(`
target_cluster: {endpoint: "https://t:9200", basic_auth: {k8s_secret_name: creds}}
snapshot: {snapshot_name: snap, s3: {repo_uri: "s3://b", aws_region: r}}
backfill: {reindex_from_snapshot: {session_name: s, argo: {workflow_template_name: t, ` + argo + `}}}
`))
}

func TestParametersAreMapped(t *testing.T) {
	cfg, err := mappingConfig(t, camelCase+`, parameters: {sessionName: mine, more: {x: 1}}`)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	b, err := New(cfg, Dependencies{Workflows: r})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(r.requests[0].Parameters)
	const want = `{"insecure":false,"more":{"x":1},"sessionName":"mine","snapshotConfig":{"repoConfig":{"uri":"s3://b"},"snapshotName":"snap"},` +
		`"targetConfig":{"authConfig":{"basic":{"secretName":"creds"}},"endpoint":"https://t:9200"}}`
	if err != nil || string(text) != want || len(r.requests[0].OptionalParameters) > 0 {
		t.Errorf("%s, %v, and %v", text, err, r.requests[0].OptionalParameters)
	}
}

func TestMappingsAreChecked(t *testing.T) {
	for mapping, says := range map[string]string{
		"{a: session}":        `parameter_mapping.a: Unsupported value: supported values: "coordinator-config"`,
		"{a: {b: x}}":         `parameter_mapping.a.b: Unsupported value`,
		"{a: 1}":              "parameter_mapping.a: Invalid value",
		"{a: null}":           "parameter_mapping.a: Invalid value",
		"{a: [session-name]}": "parameter_mapping.a: Invalid value",
		"x":                   "parameter_mapping: Invalid value",
		strings.Repeat("{a: ", 12) + "session-name" + strings.Repeat("}", 12): "is nested too deep",
	} {
		_, err := mappingConfig(t, "parameter_mapping: "+mapping)
		if !errors.Is(err, workflow.ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", mapping, err)
		}
	}
	loop := map[string]any{}
	loop["a"] = loop
	cfg, err := mappingConfig(t, "")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Backfill.Argo.ParameterMapping = loop
	if _, err := New(cfg, Dependencies{Workflows: &recorder{}}); !errors.Is(err, workflow.ErrInvalid) {
		t.Error(err)
	}
}

// A mapping uses the names that follow from the configuration, and no others.
func TestDerivedNamesAreComplete(t *testing.T) {
	cfg, err := ParseConfig([]byte(`
target_cluster: {endpoint: "https://t:9200", basic_auth: {username: u, password: p}}
coordinator_cluster: {endpoint: "https://c:9200", basic_auth: {username: u, password: p}}
source_cluster: {version: ES 7}
snapshot: {snapshot_name: snap, snapshot_repo_name: repo, s3: {repo_uri: "s3://b", aws_region: r, endpoint: "http://m"}}
backfill: {reindex_from_snapshot: {session_name: s, argo: {workflow_template_name: t, plaintext_credentials: true}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	derived, err := derivedParameters(cfg.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range derivedNames() {
		if _, ok := derived[name]; !ok && name != parameterTargetSecret && name != parameterCoordinatorSecret {
			t.Errorf("%s is not derived", name)
		}
	}
	if len(derived) != len(derivedNames())-2 {
		t.Errorf("%d of %d", len(derived), len(derivedNames()))
	}
}

// The coordinator is mapped like the target, and its password needs the same permission, whatever the parameter is called.
func TestTheCoordinatorIsMapped(t *testing.T) {
	const mapping = `parameter_mapping: {a: {b: coordinator-host, c: {d: coordinator-secret, e: coordinator-password}}}`
	for coordinator, want := range map[string]string{
		"{endpoint: https://c, basic_auth: {k8s_secret_name: creds}}":        `{"a":{"b":"https://c","c":{"d":"creds"}}}`,
		"{endpoint: https://c, no_auth: }":                                   `{"a":{"b":"https://c"}}`,
		"{endpoint: https://c, basic_auth: {username: u, password: s3cr3t}}": "",
	} {
		r := &recorder{}
		cfg, err := mappingConfig(t, mapping)
		if err != nil {
			t.Fatal(err)
		}
		cfg.CoordinatorCluster = config(t, "coordinator_cluster", coordinator).CoordinatorCluster
		b, err := New(cfg, Dependencies{Workflows: r})
		if want == "" {
			var invalid *workflow.InvalidError
			if !errors.As(err, &invalid) || invalid.Problems[0].Field != "coordinator_cluster.basic_auth.password" || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if text, err := json.Marshal(r.requests[0].Parameters); err != nil || string(text) != want {
			t.Errorf("%s, %v", text, err)
		}
	}
}

// A run of another snapshot is another backfill, also where the template has objects.
func TestRunsOfAnotherSnapshotAreToldApart(t *testing.T) {
	if got := strings.Join(mappedFrom(map[string]any{
		"a": "snapshot-name", "b": "replicas", "c": map[string]any{"x": map[string]any{"y": "target-host"}}, "d": map[string]any{"x": "replicas"},
	}, []string{"snapshot-name", "target-host"}), " "); got != "a c" {
		t.Error(got)
	}
	mapping := map[string]any{"a": map[string]any{"host": "target-host", "workers": "replicas", "in": map[string]any{"uri": "s3-repo-uri"}}}
	names := []string{"target-host", "s3-repo-uri"}
	now := map[string]any{"host": "https://t/?a&b", "workers": 5, "in": map[string]any{"uri": "s3://b"}}
	for was, want := range map[string]bool{
		parameterText(now): false,
		`{"host":"https://t/?a&b","workers":2,"insecure":true,"in":{"uri":"s3://b"}}`: false, // which may change
		`{"host":"https://u","workers":5,"in":{"uri":"s3://b"}}`:                      true,
		`{"host":"https://t/?a&b","in":{"uri":"s3://c"}}`:                             true,
		`{"host":"https://t/?a&b"}`:                                                   true,
		"":                                                                            true,
	} {
		if parameterDiffers(mapping["a"], now, was, names) != want {
			t.Errorf("%s differs: %t", was, !want)
		}
	}
	for value, want := range map[string]any{"s": "s", "5": 5, `["&"]`: []any{"&"}, `{"a":"<&>","b":true}`: map[string]any{"b": true, "a": "<&>"}} {
		if got := parameterText(want); got != value || parameterDiffers(nil, want, value, names) {
			t.Error(got)
		}
	}
}
