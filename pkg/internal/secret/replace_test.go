package secret

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
)

type hidden struct{ text string }

func (h hidden) Reveal() string               { return h.text }
func (h hidden) MarshalText() ([]byte, error) { return []byte(Mark), nil }

func TestFind(t *testing.T) {
	basic := base64.StdEncoding.EncodeToString([]byte("admin:hunter2"))
	type credentials struct {
		User     string `json:"user"`
		Password string `json:"password"`
	}
	for name, c := range map[string]struct {
		key   string
		value any
		want  string // the paths
	}{
		"by its key":             {"password", "hunter2", "password"},
		"a number":               {"password", 31337, "password"},
		"a number of JSON":       {"pin-secret", json.Number("31337"), "pin-secret"},
		"a type of string":       {"token", json.RawMessage(`"hunter2"`), "token"},
		"bytes":                  {"token", []byte("hunter2"), "token"},
		"in a map":               {"target-config", map[string]any{"basic_auth": map[string]any{"username": "u", "password": "hunter2"}}, "target-config.basic_auth.password"},
		"in a list":              {"targets", []any{map[string]any{"apiToken": "hunter2"}}, "targets[0].apiToken"},
		"a list of them":         {"tokens", []any{"hunter2"}, "tokens[0]"},
		"a typed list":           {"tokens", []string{"hunter2"}, "tokens[0]"},
		"a typed map":            {"env", map[string]string{"DB_PASSWORD": "hunter2"}, "env.DB_PASSWORD"},
		"in a struct":            {"auth", &credentials{"u", "hunter2"}, "auth.password"},
		"beside others":          {"credentials", map[string]any{"username": "u", "value": "hunter2"}, "credentials.value"},
		"named by its entry":     {"env", []any{map[string]any{"name": "DB_PASSWORD", "value": "hunter2"}}, "env[0].value"},
		"in JSON":                {"target-config", `{"basic_auth": {"password": "hunter2"}}`, "target-config.basic_auth.password"},
		"in JSON in JSON":        {"x", `{"config": "{\"token\": \"hunter2\"}"}`, "x.config.token"},
		"in a string of JSON":    {"x", `"{\"token\": \"hunter2\"}"`, "x.token"},
		"in YAML":                {"x", "basic_auth:\n  username: u\n  password: hunter2\n", "x.basic_auth.password"},
		"in YAML of one line":    {"x", "{password: hunter2}", "x.password"},
		"in a URL":               {"source-host", "https://admin:hunter2@host:9200/", "source-host"},
		"in a URL, with an @":    {"source-host", "https://admin:hunter2@hunter2@host:9200/", "source-host"},
		"a token in a URL":       {"repo", "https://hunter2@host/x.git", "repo"},
		"in another URL":         {"db", "jdbc:postgresql://u:hunter2@host/db", "db"},
		"in a query":             {"callback", "https://host/x?a=1&token=hunter2", "callback"},
		"in a connection string": {"db", "Server=host;User=u;Password=hunter2", "db"},
		"in a command line":      {"args", "--user u --password hunter2", "args"},
		"with an equals sign":    {"args", "--user=u --password=hunter2", "args"},
		"as an argument":         {"args", []any{"--password", "hunter2"}, "args[1]"},
		"with a dash in front":   {"args", "password=-hunter2", "args"},
		"with another operator":  {"script", "let password := hunter2", "script"},
		"under an underscore":    {"callback", "https://host/x?a=1&_token=hunter2", "callback"},
		"with a slash in a URL":  {"source-host", "https://admin:hunter2/x@host:9200", "source-host"},
		"with a # in a URL":      {"source-host", "https://admin:hunter2#x@host:9200/a@b", "source-host"},
		"with a quote in a URL":  {"source-host", "https://admin:it'shunter2@host:9200", "source-host"},
		"in JSON within a text":  {"note", `sent {"user": "u", "password": "hunter2"} to it`, "note"},
		"in Python's notation":   {"note", `sent {'password': 'hunter2'} to it`, "note"},
		"twice in JSON":          {"x", `{"password": "hunter2", "password": ""}`, "x"},
		"in YAML with a mistake": {"x", "a: 1\na: 2\nb:\n  - password: hunter2\n", "x"},
		"in a header":            {"x", "GET / HTTP/1.1\r\nAuthorization: Token hunter2\r\n", "x"},
		"in a complaint":         {"x", "yaml: unknown anchor 'hunter2' referenced", "x.yaml"},
		"named by its key":       {"env", []any{map[string]any{"Key": "DB_PASSWORD", "Value": "hunter2"}}, "env[0].Value"},
		"in Basic":               {"header", "Basic " + basic, "header"},
		"in Bearer":              {"header", "Authorization: Bearer hunter2hunter2", "header.Authorization"},
		"a private key":          {"pem", "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\n", "pem"},
		"a web token":            {"x", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.hunter2", "x"},
		"hidden already":         {"x", hidden{"hunter2"}, "x"},
		"hidden within":          {"x", map[string]any{"y": []any{hidden{"hunter2"}}}, "x.y[0]"},
		"hidden in a struct":     {"x", struct{ Y hidden }{hidden{"hunter2"}}, "x.Y"},
		"hidden by a pointer":    {"x", &hidden{"hunter2"}, "x"},
		"masked before":          {"x", Mark, "x"},
		"under a secret's name":  {"secret", `{"a": ["hunter2"], "name": "n"}`, "secret.a[0]"},

		"empty":                   {"password", "", ""},
		"nil":                     {"password", nil, ""},
		"a bool":                  {"password", true, ""},
		"a bool as text":          {"use-token", "false", ""},
		"hidden and empty":        {"x", hidden{}, ""},
		"a nil pointer":           {"x", (*hidden)(nil), ""},
		"a word of YAML":          {"use-token", "no", ""},
		"a switch with a comment": {"x", "- a\nuse-token: no # by now", ""},
		"flags alone":             {"args", "mysql --password -h host", ""},
		"a list of URLs":          {"hosts", "'https://a','b@c', https://[::1]:9200/a@b https://h1:9200,h2:9200/?x=a@b", ""},
		"the name of one":         {"secret", map[string]any{"name": "target", "key": "password", "namespace": "ma"}, ""},
		"a reference":             {"env", []any{map[string]any{"name": "DB_PASSWORD", "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": "n", "key": "password"}}}}, ""},
		"a reference in JSON":     {"target-config", `{"basic_auth": {"k8s_secret_name": "target"}, "endpoint": "https://t"}`, ""},
		"an ARN":                  {"user_secret_arn", "arn:aws:secretsmanager:us-east-1:1:secret:x", ""},
		"a number of tokens":      {"token-count", 7, ""},
		"no secret":               {"shards", []any{1, "two", map[string]any{"three": 3.5}}, ""},
		"a URL":                   {"target-host", "https://host:9200/a@b?size=1", ""},
		"a URL with a user":       {"repo", "ssh://git@host/x.git", ""},
		"a mail address":          {"owner", "ops@example.com", ""},
		"prose":                   {"note", "basic authentication needs a token; the bearer presents it: see the docs", ""},
		"a comparison":            {"query", "password == ''", ""},
		"a time":                  {"at", "2026-11-29T10:00:00Z", ""},
		"an assignment to others": {"opts", "-Xmx=1g shards=3 token-count=7", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(Find(map[string]any{c.key: c.value}), ", "); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
			shown, _ := Replace(map[string]any{c.key: c.value}, showing)
			if text := fmt.Sprintf("%+v", shown[c.key]); c.want != "" && !strings.HasPrefix(name, "hidden") && (strings.Contains(text, "hunter2") || strings.Contains(text, basic)) {
				t.Errorf("shows %s", text)
			}
			if c.want == "" && !reflect.DeepEqual(shown[c.key], c.value) {
				t.Errorf("changed to %#v", shown)
			}
		})
	}
}

// hide receives the original of a value that cannot be replaced in part.
func TestReplaceWholes(t *testing.T) {
	type target struct{ Password hidden }
	value := target{hidden{"hunter2"}}
	shown, _ := Replace(map[string]any{"t": value}, func(plain any, shown string) any {
		if plain != any(value) {
			t.Errorf("%#v", plain)
		}
		return shown
	})
	if want := map[string]any{"t": `{"Password":"*****"}`}; !reflect.DeepEqual(shown, want) {
		t.Errorf("%v", shown)
	}
}

// A value that is as deep as it is long can have a secret at each level.
func TestHugePathsTakeLittleMemory(t *testing.T) {
	const depth = 5_000
	key := strings.Repeat("k", 300)
	var value any = "no secret"
	for range depth {
		value = map[string]any{key: value, "password": "hunter2"}
	}
	var paths []string
	if took := growth.Allocated(func() { paths = Find(map[string]any{"x": value}) }); took > 64<<20 {
		t.Errorf("%d MiB", took>>20)
	}
	if len(paths) != 1000 || !strings.HasPrefix(paths[0], "x.kkk") || !strings.HasSuffix(paths[0], "…") || len(paths[0]) > 2<<10 {
		t.Errorf("%d paths, the first of %d bytes", len(paths), len(paths[0]))
	}
}

// Rules are compiled once, and only a limited number of strings is parsed as YAML.
func TestHugeNumbersOfValuesTakeLittleMemory(t *testing.T) {
	values := map[string]any{}
	for i := range 20_000 {
		values[fmt.Sprint("p", i)] = fmt.Sprintf("https://host:%d/?a=b", i)
		values[fmt.Sprint("q", i)] = fmt.Sprintf("a: %d", i)
	}
	values["z"] = "a: 1\npassword: hunter2"
	if paths := Find(values); len(paths) != 1 {
		t.Errorf("found %v", paths)
	}
	if took := growth.Allocated(func() { Find(values) }); took > 64<<20 {
		t.Errorf("%d MiB", took>>20)
	}
}

// What is not secret is still shown, and hide receives what it replaces.
func TestReplace(t *testing.T) {
	const config = `{"basic_auth":{"password":"hunter2","username":"u"},"endpoint":"https://t?a=1&b=<2>","n":12345678901234567890}`
	value := map[string]any{"config": config, "url": "see https://u:hunter2@host/x", "shards": 3, "password": 31337}
	type pair struct {
		plain any
		shown string
	}
	got, _ := Replace(value, func(plain any, shown string) any { return pair{plain, shown} })
	want := map[string]any{
		"config": pair{config, strings.Replace(config, "hunter2", Mark, 1)},
		"url":    pair{"see https://u:hunter2@host/x", "see https://" + Mark + "@host/x"},
		"shards": 3, "password": pair{31337, Mark},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if value["config"] != config {
		t.Error("the value itself was changed")
	}
}

// A value that contains itself, or has a method that panics, is replaced there. It cannot be sent.
func TestReplaceOfValuesThatCannotBeWritten(t *testing.T) {
	m := map[string]any{"password": "hunter2", "shards": 3}
	m["self"], m["again"] = m, []any{m}
	list := make([]any, 2)
	list[0], list[1] = list, "--token=hunter2hunter2"
	shared := map[string]any{"shards": 3}
	got, _ := Replace(map[string]any{
		"m": m, "list": list, "shared": []any{shared, shared}, "hidden": struct{ *hidden }{}, "time": struct{ *time.Time }{},
	}, func(_ any, shown string) any { return shown })
	want := map[string]any{
		"m":    map[string]any{"password": Mark, "shards": 3, "self": Mark, "again": []any{Mark}},
		"list": []any{Mark, "--token=" + Mark}, "shared": []any{shared, shared}, "hidden": Mark, "time": Mark,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

// A secret must be found behind any text.
func FuzzScrub(f *testing.F) {
	f.Add("https://u:p@h --password x token=y Bearer abc123456 {\"password\": 1}")
	f.Fuzz(func(t *testing.T, before string) {
		const planted = "hunter2hunter2"
		text := before + " --password " + planted
		if shown := Scrub(text); strings.Contains(shown, planted) {
			t.Errorf("%q shows %q", text, shown)
		}
		if len(Find(map[string]any{"x": text})) == 0 {
			t.Errorf("nothing found in %q", text)
		}
	})
}
