package argodb_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

var nodesRef = workflow.NodesRef{Namespace: "ma", UID: "1", Version: "fnv:1"}

func TestNodes(t *testing.T) {
	onEachSchema(t, func(t *testing.T, s *scene) {
		// The controller replaces NULs in the archive only.
		const nodes = `{"a": {"id": "a", "message": "ARGO_POSTGRES_NULL_REPLACEMENT \u0000"}}`
		s.insertNodes(t, map[string]any{"clustername": "default", "uid": "1", "version": "fnv:1", "namespace": "ma", "nodes": nodes})
		s.insertNodes(t, map[string]any{"clustername": "other", "uid": "1", "version": "fnv:2", "namespace": "ma", "nodes": `{}`})
		s.insertNodes(t, map[string]any{"clustername": "default", "uid": "1", "version": "fnv:3", "namespace": "ma", "nodes": `[]`})
		d := s.database(t)
		if got, err := d.Nodes(t.Context(), nodesRef); err != nil || string(got) != nodes {
			t.Errorf("%s, %v", got, err)
		}
		for _, ref := range []workflow.NodesRef{
			{Namespace: "ma", UID: "1", Version: "fnv:2"}, {Namespace: "ma", UID: "2", Version: "fnv:1"},
			{Namespace: "other", UID: "1", Version: "fnv:1"}, {Namespace: "ma", UID: "1"},
		} {
			_, err := d.Nodes(t.Context(), ref)
			if !errors.Is(err, workflow.ErrNodesGone) || errors.Is(err, workflow.ErrNotFound) || errors.Is(err, workflow.ErrHistory) {
				t.Errorf("%+v: %v", ref, err)
			}
		}
		if _, err := d.Nodes(t.Context(), workflow.NodesRef{Namespace: "ma", UID: "1", Version: "fnv:3"}); !errors.Is(err, workflow.ErrHistory) {
			t.Errorf("%v", err)
		}
	})
}

func TestSaveNodes(t *testing.T) {
	onEachSchema(t, func(t *testing.T, s *scene) {
		d := s.database(t)
		large := `{"a":"` + strings.Repeat("é😀 ", 300_000) + `"}`
		seen := map[string]bool{}
		for _, nodes := range []string{`{}`, `{"a":{"message":"\u0000 é 😀"}}`, large, large} {
			version, err := d.SaveNodes(t.Context(), nodesRef, []byte(nodes))
			if err != nil || seen[version] || len(version) > 64 {
				t.Fatalf("%q, %v", version, err)
			}
			seen[version] = true
			ref := nodesRef
			ref.Version = version
			if got, err := d.Nodes(t.Context(), ref); err != nil || string(got) != nodes {
				t.Errorf("%.100s, %v", got, err)
			}
		}
		// The controller finds it by what it compares, and by its age.
		var rows int
		if err := s.db.QueryRowContext(t.Context(), `select count(*) from argo_workflows where clustername = 'default' and namespace = 'ma' and uid = '1'
			and updatedat between current_timestamp - interval '600' second and current_timestamp`).Scan(&rows); err != nil || rows != 4 {
			t.Errorf("%d, %v", rows, err)
		}
	})
}

func TestNodesThatAreRefused(t *testing.T) {
	onEach(t, func(t *testing.T, s *scene) { // without a table: nothing is sent
		d := s.database(t, func(o *argodb.Options) { o.MaxSize = 1000 })
		for _, nodes := range [][]byte{nil, []byte(`[]`), []byte(`null`), []byte(`{`), []byte(`{}}`), bytes.Repeat([]byte(" "), 1001)} {
			if _, err := d.SaveNodes(t.Context(), nodesRef, nodes); !errors.Is(err, workflow.ErrInvalid) {
				t.Errorf("%.20s: %v", nodes, err)
			}
		}
		if _, err := d.SaveNodes(t.Context(), workflow.NodesRef{UID: "1"}, []byte(`{}`)); !errors.Is(err, workflow.ErrInvalid) {
			t.Errorf("%v", err)
		}
		without := s.database(t, func(o *argodb.Options) { o.NodesTable = "" })
		_, read := without.Nodes(t.Context(), nodesRef)
		_, saved := without.SaveNodes(t.Context(), nodesRef, []byte(`{}`))
		for _, err := range []error{read, saved} {
			if !errors.Is(err, workflow.ErrUnsupported) || !strings.Contains(err.Error(), "Options.NodesTable") {
				t.Errorf("%v", err)
			}
		}
	})
}

// reader returns a connection of a user that may only read Argo's tables.
func (s *scene) reader(t *testing.T, name, password string) *sql.DB {
	t.Helper()
	tables := []string{"argo_archived_workflows", "argo_archived_workflows_labels", envtest.NodesTable}
	if s.dialect == argodb.PostgreSQL {
		exec(t, s.db, fmt.Sprintf("create user %s password '%s'", name, password))
		t.Cleanup(func() { exec(t, s.db, "drop owned by "+name); exec(t, s.db, "drop user "+name) })
	} else {
		exec(t, s.db, fmt.Sprintf("create user %s identified by '%s'", name, password))
		t.Cleanup(func() { exec(t, s.db, "drop user "+name) })
	}
	for _, table := range tables {
		exec(t, s.db, fmt.Sprintf("grant select on %s to %s", table, name))
	}
	return s.as(t, name, password)
}

// archiveOneWithNodes creates the tables with an archived workflow of the UID 1, and the nodes of nodesRef.
func (s *scene) archiveOneWithNodes(t *testing.T) {
	t.Helper()
	s.createSchema(t, newestSchema)
	s.archive(t, archived{uid: "1", labels: map[string]string{"key": "a"}})
	s.insertNodes(t, map[string]any{"clustername": "default", "uid": "1", "version": "fnv:1", "namespace": "ma", "nodes": `{}`})
}

func TestRightsToReadSuffice(t *testing.T) {
	onEach(t, func(t *testing.T, s *scene) {
		const password = "sw0rdfish"
		s.archiveOneWithNodes(t)
		d := s.on(t, s.reader(t, "reader", password))
		_, byUID := d.ByUID(t.Context(), "ma", "1")
		_, byName := d.ByName(t.Context(), "ma", "w")
		_, nodes := d.Nodes(t.Context(), nodesRef)
		if err := errors.Join(byUID, byName, nodes); err != nil {
			t.Error(err)
		}
		if got := uids(t, d, workflow.HistoryQuery{Selector: parse(t, "key=a")}); got != "1" {
			t.Error(got)
		}
		_, err := d.SaveNodes(t.Context(), nodesRef, []byte(`{"a":"secret"}`))
		var typed *argodb.Error
		if !errors.As(err, &typed) || typed.Code != map[argodb.Dialect]string{argodb.PostgreSQL: "42501", argodb.MySQL: "1142"}[s.dialect] ||
			!errors.Is(err, workflow.ErrHistory) || !strings.Contains(err.Error(), "lacks a right") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
		// With the right to insert, and no more, they are saved.
		exec(t, s.db, "grant insert on "+envtest.NodesTable+" to reader")
		if _, err := s.on(t, s.as(t, "reader", password)).SaveNodes(t.Context(), nodesRef, []byte(`{}`)); err != nil {
			t.Error(err)
		}
	})
}

// as opens the database as a user.
func (s *scene) as(t *testing.T, name, password string) *sql.DB {
	t.Helper()
	server := s.server
	server.User, server.Password = name, password
	return open(t, server)
}
