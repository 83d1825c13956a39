package legacy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func request(t *testing.T, method, uri, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://kubectl"+uri, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestCommandFor(t *testing.T) {
	const workflows = "/apis/argoproj.io/v1alpha1/namespaces/ma/workflows"
	for _, tc := range []struct {
		method, uri string
		args        []string
	}{
		{"GET", workflows + "?labelSelector=a%3Db", []string{"get", "--raw=" + workflows + "?labelSelector=a%3Db"}},
		{"POST", workflows + "?fieldValidation=Strict", []string{"create", "--raw=" + workflows + "?fieldValidation=Strict", "--filename=-"}},
		{"PUT", workflows + "/w", []string{"replace", "--raw=" + workflows + "/w", "--filename=-"}},
		{"DELETE", workflows + "/w", []string{"delete", "--raw=" + workflows + "/w", "--filename=-"}},
		{"PATCH", workflows + "/--w?dryRun=All", []string{
			"patch", "workflows.v1alpha1.argoproj.io", "--namespace=ma", "--type=merge", "--patch-file=/dev/stdin", "--output=json", "--show-managed-fields", "--dry-run=server", "--", "--w",
		}},
		{"PATCH", "/apis/example.org/v1/namespaces/ma/gates/one/status", []string{
			"patch", "gates.v1.example.org", "--namespace=ma", "--type=merge", "--patch-file=/dev/stdin", "--output=json", "--show-managed-fields", "--subresource=status", "--", "one",
		}},
	} {
		req := request(t, tc.method, tc.uri, `{"a":"secret"}`)
		req.Header.Set("Content-Type", "application/merge-patch+json")
		cmd, err := commandFor(req)
		if err != nil || !slices.Equal(cmd.Args, tc.args) || string(cmd.Stdin) != `{"a":"secret"}` {
			t.Errorf("%s %s: %+v, %v", tc.method, tc.uri, cmd, err)
		}
	}
	for _, req := range []*http.Request{
		request(t, "PATCH", workflows+"/w?force=true", ""), request(t, "PATCH", "/api/v1/namespaces/ma/pods/p", ""), request(t, "PATCH", workflows+"/w/scale", ""), request(t, "OPTIONS", workflows, ""),
	} {
		req.Header.Set("Content-Type", "application/merge-patch+json")
		if _, err := commandFor(req); !errors.Is(err, workflow.ErrUnsupported) {
			t.Errorf("%s %s: %v", req.Method, req.URL, err)
		}
	}
	if _, err := commandFor(request(t, "PATCH", workflows+"/w", "")); !errors.Is(err, workflow.ErrUnsupported) {
		t.Errorf("a patch of no kind: %v", err)
	}
}

// The input of a command is a workflow with its parameters.
func TestCommandsShowNoInput(t *testing.T) {
	cmd := Command{Args: []string{"create", "--filename=-"}, Stdin: []byte("s3cr3t")}
	var asText, asJSON bytes.Buffer
	slog.New(slog.NewTextHandler(&asText, nil)).Info("run", "command", cmd)
	slog.New(slog.NewJSONHandler(&asJSON, nil)).Info("run", "command", cmd)
	texts := []string{asText.String(), asJSON.String(), fmt.Sprint(cmd), fmt.Sprintf("%+v %#v %d %x", cmd, cmd, cmd, &cmd)}
	for _, text := range texts {
		if strings.Contains(text, "s3cr3t") || strings.Contains(text, "115 51") || strings.Contains(text, "733363723374") || !strings.Contains(text, "6 bytes") {
			t.Error(text)
		}
	}
}

// kubectl parses a patch as YAML, which refuses some characters in strings.
func TestPatchesMeanTheSameAsYAML(t *testing.T) {
	for r := rune(1); r <= utf8.MaxRune; r++ {
		if r%64 != 1 && r > 0x300 && r < 0xf800 && (r < 0x2000 || r > 0x2100) || r > 0x10000 && r%4096 != 0 || !utf8.ValidRune(r) {
			continue // similar characters are tried
		}
		want := map[string]string{"value": "a" + string(r) + "b"}
		body, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		req := request(t, "PATCH", "/apis/argoproj.io/v1alpha1/namespaces/ma/workflows/w", string(body))
		req.Header.Set("Content-Type", "application/merge-patch+json")
		cmd, err := commandFor(req)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]string
		if err := yaml.Unmarshal(cmd.Stdin, &got); err != nil || got["value"] != want["value"] {
			t.Errorf("%U: %q, %v", r, got, err)
		}
	}
}

// The output of a command contains workflows with their parameters, too.
func TestOutputsShowNoObjects(t *testing.T) {
	out := CommandOutput{Stdout: "s3cr3t", Stderr: "no: --token s3cr3t", ReturnCode: 1}
	var asText, asJSON bytes.Buffer
	slog.New(slog.NewTextHandler(&asText, nil)).Info("ran", "output", out)
	slog.New(slog.NewJSONHandler(&asJSON, nil)).Info("ran", "output", out)
	for _, text := range []string{asText.String(), asJSON.String(), fmt.Sprint(out), fmt.Sprintf("%+v", out), fmt.Sprintf("%#v", out), fmt.Sprintf("%d %x", out, &out)} {
		if strings.Contains(text, "s3cr3t") || strings.Contains(text, "115 51") || strings.Contains(text, "733363723374") || !strings.Contains(text, "6 bytes") {
			t.Error(text)
		}
	}
}
