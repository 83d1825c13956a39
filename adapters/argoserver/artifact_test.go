package argoserver_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argoserver"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const withArtifacts = `{"metadata":{"uid":"1","name":"a","namespace":"ma"},"status":{"nodes":{
"a-1":{"id":"a-1","outputs":{"artifacts":[{"name":"main-logs"},{"name":"report"}]},"inputs":{"artifacts":[{"name":"seed"}]}},
"a-2":{"id":"a-2"}}}}`

var mainLogs = argoserver.ArtifactRef{Namespace: "ma", UID: "1", NodeID: "a-1", Name: "main-logs"}

// storing is a client of a server that has a workflow with artifacts, and serves these by a handler.
func storing(t *testing.T, serveArtifact http.HandlerFunc, change ...func(*argoserver.Options)) *argoserver.Client {
	t.Helper()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/v1/archived-workflows/1":
			_, _ = io.WriteString(w, withArtifacts)
		case strings.HasPrefix(r.URL.Path, "/artifact-files/"):
			serveArtifact(w, r)
		default:
			refuse(w, http.StatusNotFound, 5, "not found")
		}
	})
	return clientOf(t, server.URL, change...)
}

// An artifact is longer than MaxSize and takes longer than Timeout.
func TestArtifact(t *testing.T) {
	const timeout = 50 * time.Millisecond
	content := bytes.Repeat([]byte("0123456789abcdef"), 32<<10)
	var paths []string
	client := storing(t, func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		half := len(content) / 2
		_, _ = w.Write(content[:half])
		_ = http.NewResponseController(w).Flush()
		<-time.After(2 * timeout) // longer than the limit of a request
		_, _ = w.Write(content[half:])
	}, func(o *argoserver.Options) { o.Timeout, o.MaxSize = timeout, 1<<10 })
	input := mainLogs
	input.Name, input.Input = "seed", true
	for _, ref := range []argoserver.ArtifactRef{mainLogs, input} {
		body, err := client.Artifact(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(body)
		if err := errors.Join(err, body.Close()); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
	if got := strings.Join(paths, " "); got != "/artifact-files/ma/archived-workflows/1/a-1/outputs/main-logs "+
		"/artifact-files/ma/archived-workflows/1/a-1/inputs/seed" {
		t.Error(got)
	}
}

func TestArtifactsThatThereAreNot(t *testing.T) {
	client := storing(t, func(http.ResponseWriter, *http.Request) { t.Error("it was asked for") })
	for name, change := range map[string]func(*argoserver.ArtifactRef){
		"workflow":  func(r *argoserver.ArtifactRef) { r.UID = "2" },
		"namespace": func(r *argoserver.ArtifactRef) { r.Namespace = "other" },
		"node":      func(r *argoserver.ArtifactRef) { r.NodeID = "a-3" },
		"artifacts": func(r *argoserver.ArtifactRef) { r.NodeID = "a-2" },
		"artifact":  func(r *argoserver.ArtifactRef) { r.Name = "other" },
		"output":    func(r *argoserver.ArtifactRef) { r.Name = "seed" },
		"input":     func(r *argoserver.ArtifactRef) { r.Input = true },
	} {
		ref := mainLogs
		change(&ref)
		checkError(t, name, second(client.Artifact(t.Context(), ref)), workflow.ErrNotFound, false)
	}
	for _, change := range []func(*argoserver.ArtifactRef){
		func(r *argoserver.ArtifactRef) { r.UID = "../1" },
		func(r *argoserver.ArtifactRef) { r.Namespace = "" },
		func(r *argoserver.ArtifactRef) { r.NodeID = "../a" },
		func(r *argoserver.ArtifactRef) { r.Name = "../a" },
		func(r *argoserver.ArtifactRef) { r.Name = "" },
	} {
		ref := mainLogs
		change(&ref)
		checkError(t, "invalid", second(client.Artifact(t.Context(), ref)), workflow.ErrInvalid, false)
	}
}

func TestArtifactsThatFail(t *testing.T) {
	for name, next := range map[string]struct {
		answer    http.HandlerFunc
		says      string
		transient bool
	}{
		"a folder": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.String()+"/", http.StatusTemporaryRedirect)
		}, "is a folder", false},
		"a storage": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		}, "from its storage (500)", true},
		"a permission": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
		}, "permission to get the workflow", false},
		"the workflow is gone": {func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, http.StatusNotFound, 5, "not found")
		}, "404", false},
		"a panic": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "was lost", true},
		"late":    {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "within 50ms", true},
	} {
		client := storing(t, next.answer, func(o *argoserver.Options) {
			if name == "late" {
				o.Timeout = 50 * time.Millisecond
			}
		})
		body, err := client.Artifact(t.Context(), mainLogs)
		if body != nil {
			_ = body.Close()
		}
		if checkError(t, name, err, workflow.ErrHistory, next.transient); !strings.Contains(err.Error(), next.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What breaks in the middle is not the end.
func TestArtifactsThatAreTorn(t *testing.T) {
	begun := make(chan struct{}, 1)
	torn := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		begun <- struct{}{}
		if r.Header.Get("Hang") != "" {
			<-r.Context().Done()
		}
		panic(http.ErrAbortHandler)
	}
	body, err := storing(t, torn).Artifact(t.Context(), mainLogs)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(body)
	<-begun
	if checkError(t, "torn", err, workflow.ErrHistory, true); string(got) != "half" {
		t.Errorf("%q", got)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}

	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	body, err = storing(t, torn, func(o *argoserver.Options) { o.HTTP.Transport = hanging{o.HTTP.Transport} }).Artifact(ctx, mainLogs)
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	cancel(cause)
	if _, err = io.ReadAll(body); !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
}

// hanging asks the server not to end.
type hanging struct{ http.RoundTripper }

func (h hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Hang", "yes")
	return h.RoundTripper.RoundTrip(r)
}
