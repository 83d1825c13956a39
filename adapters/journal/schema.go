package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// The tables. Times are microseconds since 1970, UTC. A record without a uid is a start whose workflow
// is not known (yet). key_hash is the key that a record has, marked the one that its workflow was started with;
// a start takes the key of the workflow with the UID replaces. session is the label of a backfill's runs;
// version, run, ended and whole are those of a [point]. A decision's token is random, so that one whose commit
// was not answered is not stored twice.
const (
	recordsTable   = "argoservice_journal_records"
	decisionsTable = "argoservice_journal_decisions"
	schemaTable    = "argoservice_journal_schema"
)

// Conditions for one record. The second half of each says that a partial index can be used, which SQLite
// does not conclude from the first.
const (
	withUID = "cluster = $1 AND namespace = $2 AND uid = $3 AND uid <> ''"
	withKey = "cluster = $1 AND namespace = $2 AND key_hash = $3 AND key_hash <> ''"
)

// dialect is what differs between databases. Both know numbered placeholders, $1, and on conflict.
type dialect struct {
	serial string // the type of a primary key that the database assigns
	exists string // a query for whether the table $1 exists
	lock   string // makes other processes wait that migrate, until the transaction ends; "" if it does by itself
	update string // makes a select lock the rows that it finds
}

func sqlite() dialect {
	return dialect{
		serial: "INTEGER PRIMARY KEY AUTOINCREMENT",
		exists: "SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = $1",
	}
}

func postgreSQL() dialect {
	return dialect{
		serial: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
		// Not to_regclass, which does not see what another transaction has committed since this one began.
		exists: "SELECT count(*) > 0 FROM pg_catalog.pg_tables WHERE tablename = $1 AND schemaname = ANY (current_schemas(false))",
		lock:   "SELECT pg_advisory_xact_lock(7306086967)",
		update: " FOR UPDATE",
	}
}

// migrations returns the statements that lead from each version of the tables to the next. Those that
// were released must not be changed.
func migrations(d dialect) [][]string {
	return [][]string{{
		`CREATE TABLE ` + recordsTable + ` (
			id ` + d.serial + `,
			cluster TEXT NOT NULL,
			namespace TEXT NOT NULL,
			name TEXT NOT NULL,
			uid TEXT NOT NULL DEFAULT '',
			session TEXT NOT NULL DEFAULT '',
			key_hash TEXT NOT NULL DEFAULT '',
			call_id TEXT NOT NULL DEFAULT '',
			request TEXT NOT NULL DEFAULT '',
			marked TEXT NOT NULL DEFAULT '',
			replaces TEXT NOT NULL DEFAULT '',
			version BIGINT NOT NULL DEFAULT 0,
			run TEXT NOT NULL DEFAULT '',
			ended BIGINT NOT NULL DEFAULT 0,
			whole INTEGER NOT NULL DEFAULT 0,
			phase TEXT NOT NULL DEFAULT '',
			started BIGINT NOT NULL,
			recorded BIGINT NOT NULL,
			updated BIGINT NOT NULL,
			object TEXT NOT NULL DEFAULT '')`,
		`CREATE UNIQUE INDEX ` + recordsTable + `_uid ON ` + recordsTable + ` (cluster, namespace, uid) WHERE uid <> ''`,
		`CREATE UNIQUE INDEX ` + recordsTable + `_key ON ` + recordsTable + ` (cluster, namespace, key_hash) WHERE key_hash <> ''`,
		`CREATE INDEX ` + recordsTable + `_session ON ` + recordsTable + ` (cluster, namespace, session, started, id) WHERE session <> ''`,
		`CREATE INDEX ` + recordsTable + `_unresolved ON ` + recordsTable + ` (cluster, namespace, id) WHERE uid = ''`,
		`CREATE INDEX ` + recordsTable + `_name ON ` + recordsTable + ` (cluster, namespace, name, started, id)`,
		`CREATE INDEX ` + recordsTable + `_started ON ` + recordsTable + ` (cluster, namespace, started, id)`,
		`CREATE INDEX ` + recordsTable + `_updated ON ` + recordsTable + ` (cluster, updated)`,
		`CREATE TABLE ` + decisionsTable + ` (
			id ` + d.serial + `,
			token TEXT NOT NULL UNIQUE,
			cluster TEXT NOT NULL,
			namespace TEXT NOT NULL,
			uid TEXT NOT NULL,
			decided BIGINT NOT NULL,
			op TEXT NOT NULL,
			decided_by TEXT NOT NULL,
			message TEXT NOT NULL,
			gates TEXT NOT NULL)`,
		`CREATE INDEX ` + decisionsTable + `_uid ON ` + decisionsTable + ` (cluster, namespace, uid, id)`,
		`CREATE INDEX ` + decisionsTable + `_decided ON ` + decisionsTable + ` (cluster, decided)`,
	}}
}

// migrate brings the tables to the version that this package needs, in one transaction.
func migrate(ctx context.Context, db *sql.DB, d dialect) error {
	all := migrations(d)
	version, err := schemaVersion(ctx, db, d)
	if err != nil || version == len(all) {
		return err
	}
	return transact(ctx, db, func(tx *sql.Tx) error {
		if d.lock != "" {
			if _, err := tx.ExecContext(ctx, d.lock); err != nil {
				return err
			}
		}
		version, err := schemaVersion(ctx, tx, d) // another process may have migrated meanwhile
		if err != nil {
			return err
		}
		var statements []string
		if version == 0 {
			statements = append(statements, "CREATE TABLE "+schemaTable+" (version INTEGER NOT NULL)", "INSERT INTO "+schemaTable+" VALUES (0)")
		}
		for _, step := range all[version:] {
			statements = append(statements, step...)
		}
		statements = append(statements, fmt.Sprintf("UPDATE %s SET version = %d", schemaTable, len(all)))
		for _, statement := range statements {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", strings.Join(strings.Fields(statement)[:3], " "), err)
			}
		}
		return nil
	})
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// schemaVersion returns the version of the tables, 0 if there are none.
func schemaVersion(ctx context.Context, db querier, d dialect) (version int, err error) {
	var exists bool
	if err := db.QueryRowContext(ctx, d.exists, schemaTable).Scan(&exists); err != nil || !exists {
		return 0, err
	}
	if err := db.QueryRowContext(ctx, "SELECT version FROM "+schemaTable).Scan(&version); err != nil {
		return 0, err
	}
	if newest := len(migrations(d)); version > newest {
		return 0, fmt.Errorf("the tables have version %d, and this version of the journal knows only %d; update it", version, newest)
	}
	return version, nil
}

// transact calls do within a transaction, and commits it unless do fails.
func transact(ctx context.Context, db *sql.DB, do func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		if undone := tx.Rollback(); undone != nil && !errors.Is(undone, sql.ErrTxDone) {
			return errors.Join(err, undone)
		}
		return err
	}
	return tx.Commit()
}
