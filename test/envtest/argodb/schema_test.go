package argodb_test

import (
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
)

// schemas are the numbers of changes that the versions of Argo have made to the tables: 61 in 3.6, 63 in
// 3.7.0, 67 from 3.7.1, 69 from 3.7.12 and in 4.0 and 4.1.
func schemas() []int { return []int{61, 63, 67, 69} }

const newestSchema = 69

// createTables creates the tables without the keys and indexes.
func (s *scene) createTables(t *testing.T, schema int) {
	t.Helper()
	workflow, created := "json", ""
	if s.dialect == argodb.PostgreSQL {
		workflow = "jsonb"
	}
	if schema >= 67 {
		created = ", creationtimestamp timestamp default current_timestamp"
		if s.dialect == argodb.MySQL {
			created = ", creationtimestamp timestamp not null default current_timestamp"
		}
	}
	exec(t, s.db, `create table argo_archived_workflows (
		uid varchar(128) not null, name varchar(256) not null, phase varchar(25) not null, namespace varchar(256) not null,
		workflow `+workflow+` not null,
		startedat timestamp not null default current_timestamp, finishedat timestamp not null default current_timestamp,
		clustername varchar(64) not null, instanceid varchar(64) not null`+created+`)`)
	exec(t, s.db, `create table argo_archived_workflows_labels (
		clustername varchar(64) not null, uid varchar(128) not null, name varchar(317) not null, value varchar(63) not null)`)
	exec(t, s.db, `create table argo_workflows (
		uid varchar(128) not null, namespace varchar(256) not null, clustername varchar(64) not null, version varchar(64) not null,
		nodes json not null, updatedat timestamp not null default current_timestamp)`)
}

// createIndexes creates the keys and indexes.
func (s *scene) createIndexes(t *testing.T, schema int) {
	t.Helper()
	archived, started := "clustername, instanceid, namespace", "clustername, startedat"
	if schema < 63 {
		started = "startedat"
	}
	if schema >= 69 {
		archived += ", startedat desc"
	}
	statements := []string{
		"alter table argo_archived_workflows add primary key (clustername, uid)",
		"create index argo_archived_workflows_i1 on argo_archived_workflows (" + archived + ")",
		"create index argo_archived_workflows_i2 on argo_archived_workflows (clustername, instanceid, finishedat)",
		"create index argo_archived_workflows_i3 on argo_archived_workflows (clustername, instanceid, name)",
		"create index argo_archived_workflows_i4 on argo_archived_workflows (" + started + ")",
		"alter table argo_archived_workflows_labels add primary key (clustername, uid, name)",
		"alter table argo_archived_workflows_labels add foreign key (clustername, uid) " +
			"references argo_archived_workflows (clustername, uid) on delete cascade",
		"create index argo_archived_workflows_labels_i1 on argo_archived_workflows_labels (name, value)",
		"alter table argo_workflows add primary key (clustername, uid, version)",
		"create index argo_workflows_i1 on argo_workflows (clustername, namespace, updatedat)",
	}
	if schema >= 67 {
		statements = append(statements, "create index argo_archived_workflows_i5 on argo_archived_workflows (creationtimestamp)")
	}
	if s.dialect == argodb.MySQL {
		// One pass over each table instead of one for each index.
		statements = alterations(statements)
	}
	for _, statement := range statements {
		exec(t, s.db, statement)
	}
}

// alterations joins what is done to each table into one statement, in the order of the tables.
func alterations(statements []string) []string {
	var tables []string
	changes := map[string][]string{}
	for _, statement := range statements {
		table, change, _ := strings.Cut(strings.TrimPrefix(statement, "alter table "), " ")
		if index, on, ok := strings.Cut(statement, " on "); ok && strings.HasPrefix(index, "create index ") {
			table, change, _ = strings.Cut(on, " ")
			change = "add index " + strings.TrimPrefix(index, "create index ") + " " + change
		}
		if changes[table] == nil {
			tables = append(tables, table)
		}
		changes[table] = append(changes[table], change)
	}
	joined := make([]string, len(tables))
	for i, table := range tables {
		joined[i] = "alter table " + table + " " + strings.Join(changes[table], ", ")
	}
	return joined
}

func (s *scene) createSchema(t *testing.T, schema int) {
	t.Helper()
	s.createTables(t, schema)
	s.createIndexes(t, schema)
}
