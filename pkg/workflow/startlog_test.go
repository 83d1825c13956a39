package workflow

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The log distinguishes a start that created its workflow from one that found it, and contains the
// outcome.
func TestLogOfAStart(t *testing.T) {
	var out bytes.Buffer
	var workflow *unstructured.Unstructured
	lost := false // whether the answers to creates are lost
	c := scriptedWith(t, Options{Observer: NewLogObserver(slog.NewTextHandler(&out, nil))}, func(r *http.Request) (any, error) {
		switch {
		case r.Method == http.MethodPost && workflow != nil:
			return nil, apierrors.NewAlreadyExists(schema.GroupResource{}, "w")
		case r.Method == http.MethodPost:
			workflow = &unstructured.Unstructured{}
			data := new(bytes.Buffer)
			if _, err := data.ReadFrom(r.Body); err != nil {
				return nil, err
			}
			if err := workflow.UnmarshalJSON(data.Bytes()); err != nil {
				return nil, err
			}
			if lost {
				return nil, io.ErrUnexpectedEOF
			}
			return workflow, nil
		case strings.Contains(r.URL.Path, "workflowtemplates"):
			return nil, apierrors.NewForbidden(schema.GroupResource{}, "it", nil) // so that the template isn't checked
		case workflow == nil:
			return nil, apierrors.NewNotFound(schema.GroupResource{}, "w")
		}
		return workflow, nil
	})
	start := func() string {
		out.Reset()
		if _, err := c.Start(t.Context(), StartRequest{Template: "it", IdempotencyKey: "k"}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := start(); !strings.Contains(got, "found=false outcome=Pending") || !strings.Contains(got, "level=INFO") {
		t.Error(got)
	}
	workflow, lost = nil, true // this call did create the workflow, and recognizes it
	if got := start(); !strings.Contains(got, "found=false outcome=Pending") {
		t.Error(got)
	}
	lost = false
	workflow.Object["status"] = map[string]any{"phase": "Failed", "startedAt": time.Now().UTC().Format(time.RFC3339)}
	if err := unstructured.SetNestedField(workflow.Object, "Stop", "spec", "shutdown"); err != nil {
		t.Fatal(err)
	}
	if got := start(); !strings.Contains(got, "found=true outcome=Stopped") || !strings.Contains(got, "level=INFO") {
		t.Error(got)
	}
}
