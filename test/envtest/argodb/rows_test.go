package argodb_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// archived is a row as the controller writes it.
type archived struct {
	cluster, instance   string // default, and none
	namespace, name     string // ma, and w
	uid                 string
	phase               string // Succeeded
	started             time.Time
	local               time.Duration // how far the controller's clock is from UTC
	labels, annotations map[string]string
	message             string
}

var noon = time.Date(2026, time.October, 4, 12, 0, 0, 0, time.UTC)

// archive writes rows in the order of the controller: the workflow, then its labels.
func (s *scene) archive(t *testing.T, rows ...archived) {
	t.Helper()
	tx, err := s.db.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, value := range []struct {
			of      *string
			without string
		}{{&row.cluster, "default"}, {&row.namespace, "ma"}, {&row.name, "w"}, {&row.phase, "Succeeded"}} {
			if *value.of == "" {
				*value.of = value.without
			}
		}
		labels := map[string]string{"workflows.argoproj.io/workflow-archiving-status": "Persisted"}
		for key, value := range row.labels {
			labels[key] = value
		}
		if row.started.IsZero() {
			row.started = noon
		}
		wall := row.started.Add(row.local).Format(time.DateTime)
		s.insertBy(t, tx, "argo_archived_workflows", map[string]any{
			"clustername": row.cluster, "instanceid": row.instance, "uid": row.uid, "name": row.name, "namespace": row.namespace,
			"phase": row.phase, "startedat": wall, "finishedat": wall, "workflow": s.document(t, row, labels),
		})
		for key, value := range labels {
			s.insertBy(t, tx, "argo_archived_workflows_labels", map[string]any{
				"clustername": row.cluster, "uid": row.uid, "name": key, "value": value,
			})
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// document is the JSON of the workflow, as the controller writes it to this database.
func (s *scene) document(t *testing.T, row archived, labels map[string]string) string {
	t.Helper()
	started := row.started.Format(time.RFC3339)
	document, err := json.Marshal(map[string]any{
		"metadata": map[string]any{
			"namespace": row.namespace, "name": row.name, "uid": row.uid, "labels": labels, "annotations": row.annotations,
			"creationTimestamp": row.started.Add(-time.Second).Format(time.RFC3339),
		},
		"spec": map[string]any{"entrypoint": "main"},
		"status": map[string]any{
			"phase": row.phase, "startedAt": started, "finishedAt": started, "message": row.message,
			"nodes": map[string]any{row.name: map[string]any{"id": row.name, "phase": row.phase, "message": row.message}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.dialect == argodb.PostgreSQL {
		return strings.ReplaceAll(string(document), `\u0000`, "ARGO_POSTGRES_NULL_REPLACEMENT")
	}
	return string(document)
}

// executor is a database or a transaction.
type executor interface {
	ExecContext(ctx context.Context, statement string, args ...any) (sql.Result, error)
}

func (s *scene) insertNodes(t *testing.T, row map[string]any) {
	t.Helper()
	s.insertBy(t, s.db, envtest.NodesTable, row)
}

func (s *scene) insertBy(t *testing.T, by executor, table string, row map[string]any) {
	t.Helper()
	var columns, marks []string
	var args []any
	for column, value := range row {
		args = append(args, value)
		columns = append(columns, column)
		mark := "?"
		if s.dialect == argodb.PostgreSQL {
			mark = fmt.Sprintf("$%d", len(args))
		}
		marks = append(marks, mark)
	}
	exec(t, by, fmt.Sprintf("insert into %s (%s) values (%s)", table, strings.Join(columns, ", "), strings.Join(marks, ", ")), args...)
}
