package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../../../docs/schema/backfill.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// valid are configurations that have every key between them, and each alternative.
func valid() map[string]string {
	const (
		cluster  = `"target_cluster": {"endpoint": "https://t:9200", "no_auth": null}`
		snapshot = `"snapshot": {"snapshot_name": "s", "fs": {"repo_path": "/p"}}`
		argo     = `"backfill": {"reindex_from_snapshot": {"argo": {"workflow_template_name": "bulk-load"}}}`
	)
	file := func(parts ...string) string { return "{" + strings.Join(parts, ",\n") + "}" }
	reindex := func(part string) string {
		return file(cluster, `"backfill": {"reindex_from_snapshot": {`+part+`}}`)
	}
	return map[string]string{
		"least": file(cluster, argo),
		"basic": file(`"target_cluster": {"endpoint": "http://t/path?q", "version": "OS 3", "allow_insecure": true, "sigv4_signing_endpoint": "x",
			"basic_auth": {"username": "u", "password": "p"}}`, argo),
		"secret":            file(`"target_cluster": {"endpoint": "HTTPS://t", "version": 7, "basic_auth": {"k8s_secret_name": "creds"}}`, argo),
		"arn":               file(`"target_cluster": {"endpoint": "https://t", "basic_auth": {"user_secret_arn": "arn", "username": "", "password": null}}`, argo),
		"workflows' basic":  file(`"target_cluster": {"endpoint": "http://t", "allowInsecure": true, "authConfig": {"basic": {"username": "u", "password": "p"}}}`, argo),
		"workflows' secret": file(`"target_cluster": {"endpoint": "http://t", "authConfig": {"basic": {"secretName": "creds"}}}`, argo),
		"workflows' ARN":    file(`"target_cluster": {"endpoint": "http://t", "authConfig": {"basic": {"secretArn": "arn"}}}`, argo),
		"workflows' sigv4":  file(`"target_cluster": {"endpoint": "http://t", "authConfig": {"sigv4": {"region": "r", "service": "s"}}}`, argo),
		"workflows' none":   file(`"target_cluster": {"endpoint": "http://t", "authConfig": {"noAuth": {}}}`, argo),
		"nothing said":      file(`"target_cluster": {"endpoint": "http://t", "allowInsecure": false}`, argo),
		"coordinator":       file(cluster, argo, `"coordinator_cluster": {"endpoint": "https://c", "allowInsecure": true, "authConfig": {"basic": {"secretName": "creds"}}}`),
		"sigv4":             file(`"target_cluster": {"endpoint": "https://t", "sigv4": {"region": "r", "service": "aoss"}}`, argo),
		"s3": file(cluster, argo, `"source_cluster": {"whatever": 1, "version": "ES 7.10.2"}`, `"snapshot": {"snapshot_name": "s", "snapshot_repo_name": "r", "mode": "create",
			"otel_trace_endpoint": "o", "otel_metrics_endpoint": "o", "solr_collections": ["c"],
			"s3": {"repo_uri": "s3://b", "aws_region": "r", "role": "arn", "endpoint": "http://m"}}`),
		"gcs":       file(cluster, argo, `"snapshot": {"snapshot_name": "s", "mode": "import", "gcs": {"repo_uri": "gs://b", "endpoint": "http://m"}}`),
		"fs":        file(cluster, argo, snapshot),
		"ingestion": file(cluster, `"backfill": {"opensearch_ingestion": {"anything": [1]}}`),
		"docker":    reindex(`"docker": {"socket": "/s"}, "scale": 3`),
		"ecs":       reindex(`"ecs": {"cluster_name": "c", "service_name": "s", "aws_region": "r"}`),
		"k8s":       reindex(`"k8s": {"namespace": "ma", "deployment_name": "a.b-c"}, "session_name": "s"`),
		"argo": reindex(`"session_name": "s", "backfill_session_name": "s", "snapshot_name": "o", "snapshot_repo": "r", "scale": 7,
			"argo": {"workflow_template_name": "t", "namespace": "n", "entrypoint": "e", "plaintext_credentials": false,
			"parameter_mapping": {"sessionName": "session-name", "targetConfig": {"endpoint": "target-host", "auth": {"secret": "target-secret"}}},
			"parameters": {"a": 1, "b": "x", "c": {"d": [true]}}}`),
	}
}

// TestSchemaAgreesWithParser compares the two on valid configurations, and on all that come of them
// by one change anywhere.
func TestSchemaAgreesWithParser(t *testing.T) {
	schema := compiled(t)
	compared, refused := 0, 0
	for name, text := range valid() {
		if verdict(t, schema, name, parse(t, text)) {
			t.Errorf("%s is refused", name)
		}
		changes(parse(t, text), func(what string, doc any) {
			compared++
			if verdict(t, schema, name+": "+what, doc) {
				refused++
			}
		})
	}
	if compared < 2000 || refused < compared/3 || refused > compared*9/10 {
		t.Errorf("%d configurations, %d of them refused: that says little", compared, refused)
	}
}

// verdict reports whether a configuration is refused, by both.
func verdict(t *testing.T, schema *jsonschema.Schema, what string, doc any) bool {
	t.Helper()
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	again, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	bySchema := schema.Validate(again)
	_, byParser := backfill.ParseConfig(text)
	if (bySchema == nil) != (byParser == nil) {
		t.Errorf("%s\nschema: %v\nparser: %v\n%s", what, bySchema, byParser, text)
	}
	return byParser != nil
}

func parse(t *testing.T, text string) any {
	t.Helper()
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// values are put in every place.
func values() []any {
	return []any{
		nil, "", "x", "A_b", "import", strings.Repeat("s", 42), strings.Repeat("s", 64), "http://u:p@t", "ftp://t", "http:///p", "1",
		"http://u:p/x@t", "//u:p@t", "http://t/a@b", "http://t:1/a@b", "http://[::1]:1/a@b", "*****",
		0.0, 1.0, -1.0, 1.5, 3e9, true, false, []any{}, []any{"x"}, map[string]any{}, map[string]any{"unknown": "x"},
	}
}

// changes calls try with every document that comes of doc by one change: a value replaced, a key taken
// away, a key added that other configurations have there, or that none has.
func changes(doc any, try func(what string, doc any)) {
	var walk func(path string, at map[string]any)
	walk = func(path string, at map[string]any) {
		for _, key := range slices.Sorted(maps.Keys(at)) {
			was, where := at[key], path+"."+key
			// Alternatives of one rule that compares two keys can't be told by the schema.
			if key == "session_name" || key == "backfill_session_name" {
				continue
			}
			delete(at, key)
			try("without "+where, doc)
			for _, value := range values() {
				at[key] = value
				try(fmt.Sprintf("%s is %v", where, value), doc)
			}
			at[key] = was
			if inner, ok := was.(map[string]any); ok && !strings.HasSuffix(path, "source_cluster") {
				walk(where, inner)
			}
		}
		for _, key := range []string{
			"unknown", "allow_insecure", "allowInsecure", "authConfig", "basic", "noAuth", "secretName", "secretArn", "no_auth", "basic_auth", "sigv4", "s3", "gcs", "fs", "docker", "ecs", "k8s", "argo", "opensearch_ingestion",
			"reindex_from_snapshot", "username", "k8s_secret_name", "snapshot",
		} {
			if _, there := at[key]; !there {
				for _, value := range []any{nil, "x", map[string]any{}} {
					at[key] = value
					try(fmt.Sprintf("%s.%s is %v", path, key, value), doc)
				}
				delete(at, key)
			}
		}
	}
	walk("", doc.(map[string]any))
}

// Sessions by themselves, each alone.
func TestSchemaAgreesOnSessions(t *testing.T) {
	schema := compiled(t)
	for _, key := range []string{"session_name", "backfill_session_name"} {
		for _, value := range values() {
			verdict(t, schema, fmt.Sprintf("%s is %v", key, value), map[string]any{
				"target_cluster": map[string]any{"endpoint": "https://t", "no_auth": nil},
				"backfill":       map[string]any{"reindex_from_snapshot": map[string]any{"docker": nil, key: value}},
			})
		}
	}
}
