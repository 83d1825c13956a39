package journal_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// state is a state of a workflow.
type state struct {
	name, uid string
	key, call string
	version   int
	phase     status.Phase
	started   string // startedAt
	labels    map[string]any
}

func (s state) object() *unstructured.Unstructured {
	labels := map[string]any{}
	annotations := map[string]any{}
	for key, value := range s.labels {
		labels[key] = value
	}
	if s.key != "" {
		labels["argoservice.opensearch.org/idempotency-key"] = s.key
		annotations["argoservice.opensearch.org/start"] = fmt.Sprintf(`{"version":1,"name":%q,"id":%q,"key":%q}`, s.name, s.call, s.key)
	}
	fields := map[string]any{"phase": string(s.phase)}
	if s.started != "" {
		fields["startedAt"] = s.started
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
		"metadata": map[string]any{
			"name": s.name, "namespace": "ma", "uid": s.uid, "resourceVersion": strconv.Itoa(s.version),
			"creationTimestamp": "2026-11-01T09:00:00Z", "labels": labels, "annotations": annotations,
		},
		"spec": map[string]any{"workflowTemplateRef": map[string]any{"name": "bulk-load"}}, "status": fields,
	}}
}

func (s state) status() *status.WorkflowStatus {
	read, err := status.FromUnstructured(s.object())
	if err != nil {
		panic(err)
	}
	return read
}

// start returns what a call of Start is about to create.
func start(name, key, call string) *unstructured.Unstructured {
	u := state{name: name, key: key, call: call}.object()
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp"} {
		unstructured.RemoveNestedField(u.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(u.Object, "status")
	return u
}

// created records a workflow that a call has created, and waits until it is stored.
func created(t *testing.T, j *journal.Journal, s state) {
	t.Helper()
	if err := j.RecordCreated(t.Context(), s.object()); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	stored(t, j, s)
}

// observed records a state, and waits until it is stored.
func observed(t *testing.T, j *journal.Journal, s state) {
	t.Helper()
	j.Observed(t.Context(), s.status())
	stored(t, j, s)
}

// stored waits until a state is stored, which a busy machine can take longer for than the journal blocks.
func stored(t *testing.T, h workflow.History, s state) {
	t.Helper()
	eventually(t, func() error {
		u, err := h.ByUID(t.Context(), "ma", types.UID(s.uid))
		if err == nil && u.GetResourceVersion() != strconv.Itoa(s.version) {
			err = fmt.Errorf("%s is stored in version %s, not %d", s.uid, u.GetResourceVersion(), s.version)
		}
		return err
	})
}

// eventually calls check until it succeeds.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func refused(t *testing.T, j *journal.Journal, wf *unstructured.Unstructured) {
	t.Helper()
	if err := j.RecordRefused(t.Context(), wf); err != nil {
		t.Fatal(err)
	}
}

func fromYAML(t *testing.T, text string) *status.WorkflowStatus {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatal(err)
	}
	s, err := status.FromUnstructured(u)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func read(t *testing.T, u *unstructured.Unstructured, err error) *status.WorkflowStatus {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	s, err := status.FromUnstructured(u)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func contains(err error, text string) bool { return strings.Contains(err.Error(), text) }

func byUID(t *testing.T, h workflow.History, uid string) *status.WorkflowStatus {
	t.Helper()
	u, err := h.ByUID(t.Context(), "ma", types.UID(uid))
	return read(t, u, err)
}
