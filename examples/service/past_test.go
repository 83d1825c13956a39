package main

import (
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func openedPast(t *testing.T, s settings) past {
	t.Helper()
	p, err := openPast(t.Context(), s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.release)
	return p
}

func TestWhatRemembers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "journal.db")
	if p := openedPast(t, settings{}); p.history != nil || p.nodes != nil || p.journal != nil {
		t.Errorf("without any: %+v", p)
	}
	if p := openedPast(t, settings{journal: file}); p.history == nil || p.history != workflow.History(p.journal) || p.nodes != nil {
		t.Errorf("a journal: %+v", p)
	}
	url := write(t, databaseURL)
	p := openedPast(t, settings{journal: file, archive: url})
	if _, ok := p.history.(*argodb.Database); !ok || p.journal != nil || p.nodes != nil {
		t.Errorf("an archive: %+v", p)
	}
	if p = openedPast(t, settings{archive: url, archiveNodes: "argo_workflows"}); p.nodes == nil {
		t.Error("no nodes of the archive")
	}
	if _, err := p.history.ByName(t.Context(), "ma", "w"); !errors.Is(err, workflow.ErrHistory) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a database that is away: %v", err)
	}
	_, err := openPast(t.Context(), settings{archive: write(t, "postgres://argo:hunter2@[::1/argo")}, slog.New(slog.DiscardHandler))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

// A backfill whose workflow was deleted is on the page and in the list of the past.
func TestDeletedWorkflowsAreShown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "journal.db")
	before := openedPast(t, settings{journal: file})
	ended := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
		"metadata": map[string]any{
			"namespace": "migrations", "name": "backfill-demo", "uid": "1", "resourceVersion": "7",
			"labels": map[string]any{"argoservice.opensearch.org/session": "demo"},
		},
		"status": map[string]any{"phase": "Succeeded", "startedAt": "2026-11-01T00:00:00Z", "finishedAt": "2026-11-01T00:10:00Z"},
	}}
	if err := before.journal.RecordCreated(t.Context(), ended); err != nil {
		t.Fatal(err)
	}
	before.journal.Decided(t.Context(), workflow.DecisionRecord{
		Op: workflow.OpApprove, Namespace: "migrations", Name: "backfill-demo", UID: "1", By: "ann", Gates: []workflow.Gate{{Name: "approve"}}, At: time.Now(),
	})

	app := builtWith(t, settings{configs: []string{exampleConfig}, every: time.Hour, journal: file}, emptyCluster{}, &logBook{})
	handler := app.api.Handler()
	for path, parts := range map[string][]string{
		"/api/v1/backfills/demo": {`"state":"Succeeded","run":1`, `"source":"history"`},
		"/api/v1/past": {
			`"session":"demo","run":1,"state":"Succeeded","source":"history","namespace":"migrations","workflow":"backfill-demo"`,
			`"started":"2026-11-01T00:00:00Z","finished":"2026-11-01T00:10:00Z"`, `"verb":"approve"`, `"by":"ann"`,
		},
	} {
		code, text := asked(t, handler, path)
		for _, part := range parts {
			if code != http.StatusOK || !strings.Contains(text, part) {
				t.Errorf("%s: %d, %s is not in %s", path, code, part, text)
			}
		}
	}
}
