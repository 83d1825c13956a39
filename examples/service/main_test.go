package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// deadCluster is the kubeconfig of a cluster that does not answer.
const deadCluster = `
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c, user: u, namespace: migrations}}]
users: [{name: u}]
current-context: c
`

// databaseURL is that of a database that is never asked.
const databaseURL = "postgres://argo:hunter2@127.0.0.1:1/argo?connect_timeout=5\n"

const exampleConfig = "deploy/backfill.yaml"

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// changed returns the example's configuration with a string replaced.
func changed(t *testing.T, old, new string) string {
	t.Helper()
	text, err := os.ReadFile(exampleConfig)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%q is not in the example", old)
	}
	return write(t, strings.Replace(string(text), old, new, 1))
}

func TestBadInputIsOneClearLine(t *testing.T) {
	named := changed(t, "    argo:\n", "    argo:\n      namespace: ops\n")
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"nothing":            {nil, "--config FILE is required"},
		"unknown flag":       {[]string{"--confg", "x"}, "-confg"},
		"stray argument":     {[]string{"--config", "x", "y"}, "unexpected argument y"},
		"no address":         {[]string{"--config", "x", "--listen", "8080"}, "--listen 8080: must be host:port"},
		"no such address":    {[]string{"--config", "x", "--metrics", "9090"}, "--metrics 9090: must be host:port"},
		"no time":            {[]string{"--config", "x", "--every", "soon"}, "every"},
		"too often":          {[]string{"--config", "x", "--every", "1ms"}, "--every 1ms: must be at least 100ms"},
		"before now":         {[]string{"--config", "x", "--drain", "-1s"}, "--drain -1s: must not be negative"},
		"no heart":           {[]string{"--config", "x", "--heartbeat", "0s"}, "--heartbeat 0s: must be at least 1s"},
		"no header":          {[]string{"--config", "x", "--user-header", "X User"}, "--user-header X User: must be the name of a header"},
		"a password":         {[]string{"--config", "x", "--user-header", "Authorization"}, "--user-header Authorization: must name the user, not contain credentials"},
		"a token":            {[]string{"--config", "x", "--user-header", "X-Forwarded-Access-Token"}, "must name the user, not contain credentials"},
		"no name":            {[]string{"--config", "x", "--host", "a", "--host", "b:80"}, "--host a,b:80: must be names without a port"},
		"no level":           {[]string{"--config", "x", "--log", "loud"}, "loud"},
		"no such file":       {[]string{"--config", "/no/such/file"}, "--config: open /no/such/file"},
		"no YAML":            {[]string{"--config", write(t, "a: [")}, "the configuration: line "},
		"unknown key":        {[]string{"--config", changed(t, "scale:", "scael:")}, "backfill.reindex_from_snapshot.scael"},
		"one session twice":  {[]string{"--config", exampleConfig, "--config", named}, `has the same session "demo" as deploy/backfill.yaml`},
		"two namespaces":     {[]string{"--config", named, "--namespace", "ma"}, `argo.namespace and --namespace differ: "ops" and "ma"`},
		"no namespace":       {[]string{"--config", exampleConfig, "--namespace", "Not A Name"}, "namespace"},
		"no folder":          {[]string{"--config", exampleConfig, "--journal", "/no/such/folder/j.db"}, "--journal /no/such/folder/j.db: "},
		"no archive":         {[]string{"--config", exampleConfig, "--archive", "/no/such/file"}, "--archive: open /no/such/file"},
		"no URL of it":       {[]string{"--config", exampleConfig, "--archive", write(t, "argo")}, "must contain the URL of a PostgreSQL database"},
		"no name of a table": {[]string{"--config", exampleConfig, "--archive", write(t, databaseURL), "--archive-nodes", "a b"}, "NodesTable"},
		"no such kubeconfig": {[]string{"--config", exampleConfig, "--kubeconfig", "/no/kubeconfig"}, "--kubeconfig or $KUBECONFIG"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", write(t, deadCluster))
			var out, stderr bytes.Buffer
			code := run(t.Context(), append([]string{"--journal", filepath.Join(t.TempDir(), "journal.db")}, tc.args...), &out, &stderr)
			if text := stderr.String(); code != exitBadInput || !strings.Contains(text, tc.want) || strings.Count(text, "\n") != 1 || out.Len() > 0 {
				t.Errorf("%d, %q, %q", code, text, out.String())
			}
		})
	}
	t.Run("no cluster", func(t *testing.T) {
		t.Setenv("KUBECONFIG", "")
		t.Setenv("KUBERNETES_SERVICE_HOST", "")
		var stderr bytes.Buffer
		if code := run(t.Context(), []string{"--config", exampleConfig}, &stderr, &stderr); code != exitBadInput ||
			!strings.Contains(stderr.String(), "--kubeconfig or $KUBECONFIG is required") {
			t.Errorf("%d, %q", code, stderr.String())
		}
	})
}

func TestHelp(t *testing.T) {
	var out, stderr bytes.Buffer
	if code := run(t.Context(), []string{"--help"}, &out, &stderr); code != exitOK || stderr.Len() > 0 {
		t.Errorf("%d, %q", code, stderr.String())
	}
	for _, flag := range []string{"-listen", "-host", "-user-header", "-heartbeat", "-metrics", "-config", "-kubeconfig", "-namespace", "-every", "-drain", "-log", "-journal", "-archive", "-archive-cluster", "-archive-instance", "-archive-nodes"} {
		if !strings.Contains(out.String(), "\n  "+flag+" ") {
			t.Errorf("%s is not in the help", flag)
		}
	}
}

func TestNamespaces(t *testing.T) {
	named := changed(t, "    argo:\n", "    argo:\n      namespace: ops\n")
	without := strings.Replace(deadCluster, ", namespace: migrations", "", 1)
	for name, tc := range map[string]struct{ kubeconfig, config, flag, want string }{
		"the kubeconfig's":          {deadCluster, exampleConfig, "", "migrations"},
		"the flag's":                {deadCluster, exampleConfig, "loads", "loads"},
		"the default":               {without, exampleConfig, "", "ma"},
		"the file's":                {deadCluster, named, "", "ops"},
		"the file's and the flag's": {deadCluster, named, "ops", "ops"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := findCluster(settings{kubeconfig: write(t, tc.kubeconfig), namespace: tc.flag}, nil)
			if err != nil {
				t.Fatal(err)
			}
			cfg, err := readConfig(tc.config, c.namespace, tc.flag)
			if err != nil || namespaceOf(cfg) != tc.want {
				t.Errorf("%q, %v", namespaceOf(cfg), err)
			}
		})
	}
}

// A log is read on terminals: strings from elsewhere don't change what is seen there.
func TestLogIsPrintable(t *testing.T) {
	const forged = "a\x1b[2K\r\u009b2J\x7f\u202e\xff\nb"
	var out bytes.Buffer
	newLog(&out, slog.LevelInfo).Info(forged, "err", errors.New(forged), "of", forged, "long", strings.Repeat("x", 1<<20))
	line := strings.TrimSuffix(out.String(), "\n")
	if status.Printable(line) != line || len(line) > 8<<10 || strings.Count(line, `\\u001b[2K`) != 3 {
		t.Errorf("%.1000q", line)
	}
	var stderr bytes.Buffer
	if run(t.Context(), []string{"--config", forged, "--journal", ""}, io.Discard, &stderr); status.Printable(stderr.String()) != strings.TrimSuffix(stderr.String(), "\n")+`\n` {
		t.Errorf("%q", stderr.String())
	}
}
