package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// archiveConnections limits the connections to Argo's database.
const archiveConnections = 8

// past knows workflows that are no longer in the cluster. The zero value knows none.
type past struct {
	history workflow.History   // may be nil
	nodes   workflow.NodeStore // may be nil
	journal *journal.Journal   // the history, if it is a journal
	release func()
}

// openPast opens Argo's database or else the journal, as the command line says. It sends nothing to Argo's
// database. Every error is about the command line or a file.
func openPast(ctx context.Context, s settings, log *slog.Logger) (p past, err error) {
	p.release = func() {}
	switch {
	case s.archive != "":
		return openArchive(s)
	case s.journal == "":
		return p, nil
	}
	p.journal, err = journal.OpenSQLite(ctx, s.journal, journal.Options{
		OnError: func(err error) { log.Warn("not recorded in the journal", "err", err) },
	})
	if err != nil {
		return p, fmt.Errorf("--journal %s: %w", s.journal, err)
	}
	p.history, p.release = p.journal, func() {
		if err := p.journal.Close(); err != nil {
			log.Warn("the journal was not closed", "err", err)
		}
	}
	return p, nil
}

// openArchive returns Argo's database. Errors don't repeat what the file contains, since that has a password.
func openArchive(s settings) (p past, err error) {
	text, err := os.ReadFile(s.archive)
	if err != nil {
		return p, fmt.Errorf("--archive: %w", err)
	}
	cfg, err := pgx.ParseConfig(strings.TrimSpace(string(text)))
	if err != nil {
		return p, errors.New("--archive " + s.archive + ": must contain the URL of a PostgreSQL database, such as postgres://user:password@host/argo")
	}
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(archiveConnections)
	database, err := argodb.New(db, argodb.Options{
		Dialect: argodb.PostgreSQL, ClusterName: s.archiveCluster, InstanceID: s.archiveInstance, NodesTable: s.archiveNodes,
		Timeout: callTimeout,
	})
	if err != nil {
		return p, errors.Join(fmt.Errorf("--archive-…: %w", err), db.Close())
	}
	p.history, p.release = database, func() { _ = db.Close() } // all that it returns is that a connection was broken
	if s.archiveNodes != "" {
		p.nodes = database
	}
	return p, nil
}
