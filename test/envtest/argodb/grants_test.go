package argodb_test

import (
	"database/sql"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// documented returns what a pattern matches in docs/history.md, its groups if it has some.
func documented(t *testing.T, pattern string) []string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/history.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(pattern).FindStringSubmatch(string(page))
	if found == nil {
		t.Fatalf("docs/history.md has nothing that matches %s", pattern)
	}
	return found
}

// TestDocumentedGrants runs the statements that docs/history.md shows, and opens the database as it says.
func TestDocumentedGrants(t *testing.T) {
	onEach(t, func(t *testing.T, s *scene) {
		const password = "sw0rdfish"
		s.archiveOneWithNodes(t)

		block := map[argodb.Dialect]string{argodb.PostgreSQL: "On PostgreSQL", argodb.MySQL: "On MySQL and MariaDB"}[s.dialect]
		statements := documented(t, "(?s)### Grants.*?"+block+":\n\n```sql\n(.*?)```")[1]
		ours := strings.NewReplacer("…", password, " argo.", " "+s.server.Name+".")
		for _, statement := range strings.Split(regexp.MustCompile(`--.*`).ReplaceAllString(ours.Replace(statements), ""), ";") {
			if statement = strings.TrimSpace(statement); statement != "" {
				exec(t, s.db, statement)
			}
		}
		var db *sql.DB
		if s.dialect == argodb.PostgreSQL {
			t.Cleanup(func() { exec(t, s.db, "drop owned by argoservice"); exec(t, s.db, "drop role argoservice") })
			exec(t, s.db, "alter role argoservice password '"+password+"'") // how it authenticates is left to the reader
			db = s.as(t, "argoservice", password)
		} else {
			t.Cleanup(func() { exec(t, s.db, "drop user argoservice") })
			dsn := strings.NewReplacer("…", password, "host:3306", fmt.Sprintf("%s:%d", s.server.Host, s.server.Port), "/argo?", "/"+s.server.Name+"?").
				Replace(documented(t, "`(argoservice:…@tcp[^`]*)`")[1])
			var err error
			if db, err = sql.Open("mysql", dsn); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
		}
		d := s.on(t, db)
		if _, err := d.ByName(t.Context(), "ma", "w"); err != nil {
			t.Error(err)
		}
		if got := uids(t, d, workflow.HistoryQuery{Selector: parse(t, "key=a")}); got != "1" {
			t.Error(got)
		}
		if _, err := d.Nodes(t.Context(), nodesRef); err != nil {
			t.Error(err)
		}
		if _, err := d.SaveNodes(t.Context(), nodesRef, []byte(`{}`)); err != nil {
			t.Error(err)
		}
		if _, err := db.ExecContext(t.Context(), "delete from argo_archived_workflows"); err == nil {
			t.Error("it may delete")
		}
	})
}
