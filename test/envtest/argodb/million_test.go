package argodb_test

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// million workflows in ten namespaces, one a second, each with a key of its own.
	million = 1_000_000
	// longest is what each statement may take.
	longest = 50 * time.Millisecond
	keyName = "argoservice.opensearch.org/idempotency-key"
)

// fillMillion lets the server generate the rows. Keys and indexes come afterwards, which takes less time.
func (s *scene) fillMillion(t *testing.T, schema int) {
	t.Helper()
	s.createTables(t, schema)
	source, document, text, at := fmt.Sprintf("generate_series(1, %d) seq", million), "jsonb_build_object", "cast(seq as text)", "timestamp '2026-01-01 00:00:00' + seq * interval '1' second"
	if s.dialect == argodb.MySQL {
		source, document, text, at = fmt.Sprintf("seq_1_to_%d", million), "json_object", "cast(seq as char)", "timestamp '2026-01-01 00:00:00' + interval seq second"
	}
	uid, name, namespace := "concat('uid-', "+text+")", "concat('load-', "+text+")", "concat('ma', mod(seq, 10))"
	// Without times: the statements don't look at those of the JSON, but for a name, where there is one row.
	exec(t, s.db, fmt.Sprintf(`insert into argo_archived_workflows (clustername, instanceid, uid, name, namespace, phase, startedat, finishedat, workflow)
		select 'default', '', %[1]s, %[2]s, %[3]s, 'Succeeded', %[4]s, %[4]s,
			%[5]s('metadata', %[5]s('uid', %[1]s, 'namespace', %[3]s, 'name', %[2]s, 'labels', %[5]s('%[6]s', %[1]s)))
		from `+source, uid, name, namespace, at, document, keyName))
	exec(t, s.db, fmt.Sprintf(`insert into argo_archived_workflows_labels (clustername, uid, name, value)
		select 'default', %[1]s, '%[2]s', %[1]s from `+source, uid, keyName))
	exec(t, s.db, fmt.Sprintf(`insert into argo_archived_workflows_labels (clustername, uid, name, value)
		select 'default', %[1]s, 'workflows.argoproj.io/workflow-archiving-status', 'Persisted' from `+source, uid))
	s.createIndexes(t, schema)
	for _, table := range []string{"argo_archived_workflows", "argo_archived_workflows_labels"} {
		if s.dialect == argodb.PostgreSQL {
			exec(t, s.db, "analyze "+table)
		} else {
			exec(t, s.db, "analyze table "+table)
		}
	}
}

func TestAMillionArchivedWorkflows(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	// The newest, and the oldest, whose indexes serve lists least. MariaDB sorts the whole table with those
	// of Argo 3.6: its index of startedat alone is not chosen.
	for _, schema := range []int{newestSchema, schemas()[0]} {
		t.Run(fmt.Sprint(schema), func(t *testing.T) {
			onEach(t, func(t *testing.T, s *scene) {
				if s.dialect == argodb.MySQL && schema != newestSchema {
					t.Skip("lists by time have no index there")
				}
				s.fillMillion(t, schema)
				s.lookups(t)
			})
		})
	}
}

func (s *scene) lookups(t *testing.T) {
	t.Helper()
	connector, err := s.server.Connector()
	if err != nil {
		t.Fatal(err)
	}
	db, recorder := record(connector)
	t.Cleanup(func() { _ = db.Close() })
	d := s.on(t, db)
	first := func(query workflow.HistoryQuery, want string) {
		t.Helper()
		for u, err := range d.List(t.Context(), query) {
			if err != nil || string(u.GetUID()) != want {
				t.Errorf("%v, %v, not %s", u, err, want)
			}
			return
		}
		t.Errorf("nothing, not %s", want)
	}
	for name, look := range map[string]func(){
		"by uid": func() {
			if u, err := d.ByUID(t.Context(), "ma0", "uid-500000"); err != nil || u.GetName() != "load-500000" {
				t.Errorf("%v, %v", u, err)
			}
		},
		"by name": func() {
			if u, err := d.ByName(t.Context(), "ma0", "load-500000"); err != nil || u.GetUID() != "uid-500000" {
				t.Errorf("%v, %v", u, err)
			}
		},
		"by the key's label": func() {
			first(workflow.HistoryQuery{Namespace: "ma0", Selector: parse(t, keyName+"=uid-500000")}, "uid-500000")
		},
		"by the label of a key that is free": func() {
			for u, err := range d.List(t.Context(), workflow.HistoryQuery{Namespace: "ma0", Selector: parse(t, keyName+"=absent")}) {
				t.Errorf("%v, %v", u, err)
			}
		},
		"first page":                func() { first(workflow.HistoryQuery{}, "uid-1000000") },
		"first page of a namespace": func() { first(workflow.HistoryQuery{Namespace: "ma3"}, "uid-999993") },
		"first page before a time": func() {
			// The times in the JSON are missing, so what is read is looked at here, not what is found.
			for _, err := range d.List(t.Context(), workflow.HistoryQuery{Namespace: "ma3", StartedBefore: time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)}) {
				if err != nil {
					t.Error(err)
				}
				break
			}
		},
		"a page in the middle": func() {
			seen := 0
			for _, err := range d.List(t.Context(), workflow.HistoryQuery{Namespace: "ma3"}) {
				if err != nil {
					t.Error(err)
				}
				if seen++; seen > 600 {
					break
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			recorder.take()
			look()
			statements := recorder.take()
			if len(statements) == 0 {
				t.Fatal("nothing was sent")
			}
			planned := map[string]bool{}
			for _, statement := range statements {
				if planned[statement.text] {
					continue
				}
				planned[statement.text] = true
				plan := s.explain(t, statement)
				took := s.fastest(t, statement)
				t.Logf("%v\n%s\n%s", took, statement.text, plan)
				if scan := s.scan(plan); scan != "" {
					t.Errorf("%s in\n%s\n%s", scan, statement.text, plan)
				}
				if took > longest {
					t.Errorf("%v for\n%s\n%s", took, statement.text, plan)
				}
			}
		})
	}
}

// explain returns the plan of a statement, a line for each step.
func (s *scene) explain(t *testing.T, statement sent) string {
	t.Helper()
	rows, err := s.db.QueryContext(t.Context(), "explain "+statement.text, statement.args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	for rows.Next() {
		values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for i, value := range values {
			if len(columns) > 1 && value.Valid {
				fmt.Fprintf(&plan, "%s=", columns[i])
			}
			plan.WriteString(value.String + " ")
		}
		plan.WriteString("\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}

// scan returns the part of a plan that reads a whole table, or "".
func (s *scene) scan(plan string) string {
	whole := `Seq Scan`
	if s.dialect == argodb.MySQL {
		whole = `type=(ALL|index) .*`
	}
	return regexp.MustCompile(whole).FindString(plan)
}

// fastest is how long a statement takes on an idle machine, of some tries.
func (s *scene) fastest(t *testing.T, statement sent) time.Duration {
	t.Helper()
	var best time.Duration
	for range 7 {
		from := time.Now()
		rows, err := s.db.QueryContext(context.Background(), statement.text, statement.args...)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() { // to its end
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(from); best == 0 || took < best {
			best = took
		}
	}
	return best
}
