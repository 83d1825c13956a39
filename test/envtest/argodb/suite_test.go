package argodb_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

// servers are those that DATABASES names. All tests share them, each with a database of its own.
var servers = map[envtest.Database]*envtest.Cluster{}

func TestMain(m *testing.M) {
	leash.Main()
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	for _, kind := range strings.Fields(cmp.Or(os.Getenv("DATABASES"), string(envtest.PostgreSQL))) {
		server, err := envtest.Start(context.Background(), envtest.Options{Parts: envtest.NoCluster, Database: envtest.Database(kind)})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() {
			if err := server.Stop(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
		}()
		servers[envtest.Database(kind)] = server
	}
	return m.Run()
}

// scene is an empty database of a server.
type scene struct {
	server  envtest.DatabaseServer
	db      *sql.DB // of the owner
	cluster *envtest.Cluster
	dialect argodb.Dialect
}

var databases atomic.Int64

// onEach runs a test on each server.
func onEach(t *testing.T, test func(*testing.T, *scene)) {
	t.Helper()
	for kind := range maps.Keys(servers) {
		t.Run(string(kind), func(t *testing.T) { test(t, newScene(t, kind)) })
	}
}

func newScene(t *testing.T, kind envtest.Database) *scene {
	t.Helper()
	s := &scene{server: servers[kind].Database(), cluster: servers[kind], dialect: argodb.PostgreSQL}
	name, charset := fmt.Sprintf("t%d", databases.Add(1)), ""
	if kind == envtest.MariaDB {
		s.dialect, charset = argodb.MySQL, " character set utf8mb4" // as MySQL has by default
	}
	admin := open(t, s.server)
	exec(t, admin, "create database "+name+charset)
	s.server.Name = name
	s.db = open(t, s.server)
	return s
}

func open(t *testing.T, server envtest.DatabaseServer) *sql.DB {
	t.Helper()
	db, err := server.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec(t *testing.T, db executor, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(context.Background(), statement, args...); err != nil {
		t.Fatalf("%v: %.300s", err, statement)
	}
}

// database returns the adapter on the scene's database, as the owner.
func (s *scene) database(t *testing.T, change ...func(*argodb.Options)) *argodb.Database {
	t.Helper()
	return s.on(t, s.db, change...)
}

func (s *scene) on(t *testing.T, db *sql.DB, change ...func(*argodb.Options)) *argodb.Database {
	t.Helper()
	opts := argodb.Options{Dialect: s.dialect, NodesTable: envtest.NodesTable}
	for _, change := range change {
		change(&opts)
	}
	d, err := argodb.New(db, opts)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
