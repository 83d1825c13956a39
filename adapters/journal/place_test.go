package journal_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"go.uber.org/goleak"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		child()
		return
	}
	code := m.Run()
	server.stop()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// place is where a journal is.
type place struct {
	driver, source string // for sql.Open
}

// everywhere runs a test on each kind of database.
func everywhere(t *testing.T, test func(t *testing.T, p place)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(t, inFile(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, onServer(t)) })
}

func inFile(t *testing.T) place {
	t.Helper()
	return place{"sqlite", filepath.Join(t.TempDir(), "a journal?.db")} // a path is not a URL
}

// onServer returns an empty database.
func onServer(t *testing.T) place {
	t.Helper()
	if err := server.start(); errors.Is(err, errNoServer) && os.Getenv("NO_SKIPS") == "" {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("journal%d", server.databases.Add(1))
	admin := place{"pgx", server.source("postgres")}.database(t)
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return place{"pgx", server.source(name)}
}

func (p place) database(t *testing.T) *sql.DB {
	t.Helper()
	source := p.source
	if p.driver == "sqlite" {
		source = "file:" + strings.NewReplacer("?", "%3f", " ", "%20").Replace(source) + "?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(p.driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// open returns the journal there, without the name of a test's failure on an error of its own.
func (p place) open(t *testing.T, opts journal.Options) *journal.Journal {
	t.Helper()
	if opts.OnError == nil {
		opts.OnError = func(err error) { t.Error(err) }
	}
	var j *journal.Journal
	var err error
	if p.driver == "sqlite" {
		j, err = journal.OpenSQLite(t.Context(), p.source, opts)
	} else {
		j, err = journal.OpenPostgreSQL(t.Context(), p.database(t), opts)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

// lock makes everyone wait who writes to the SQLite file, as a large transaction of another process does.
func (p place) lock(t *testing.T) (unlock func()) {
	t.Helper()
	db := p.database(t)
	db.SetMaxOpenConns(1)
	run := func(statement string) {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	run("BEGIN IMMEDIATE")
	run("UPDATE argoservice_journal_schema SET version = version")
	return func() { run("COMMIT") }
}

// server is a real PostgreSQL that all tests share.
var server postgres

var errNoServer = errors.New("there is no PostgreSQL server: install the package postgresql")

// postgres is a server that listens on a Unix socket only. It ends with this process, however that ends.
type postgres struct {
	once      sync.Once
	failed    error
	bin, dir  string
	attr      *syscall.SysProcAttr
	running   *exec.Cmd
	leash     io.Closer
	databases atomic.Int64
}

func (p *postgres) source(database string) string {
	return fmt.Sprintf("host=%s user=journal dbname=%s", p.dir, database)
}

func (p *postgres) start() error {
	p.once.Do(func() { p.failed = p.create() })
	return p.failed
}

func (p *postgres) create() (err error) {
	initdb, err := exec.LookPath("initdb")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
		if len(found) == 0 {
			return errNoServer
		}
		initdb = found[len(found)-1]
	}
	p.bin = filepath.Dir(initdb)
	if p.dir, err = os.MkdirTemp("", "pg"); err != nil {
		return err
	}
	if os.Getuid() == 0 { // which the server refuses to run as
		uid, gid, err := unprivileged()
		if err != nil {
			return err
		}
		if err := os.Chown(p.dir, uid, gid); err != nil {
			return err
		}
		p.attr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	cmd := exec.CommandContext(context.Background(), initdb, "--pgdata", p.data(), "--username=journal", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
	cmd.SysProcAttr, cmd.Dir = p.attr, p.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return p.run()
}

func (p *postgres) data() string { return filepath.Join(p.dir, "data") }

func unprivileged() (uid, gid int, err error) {
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, err1 := strconv.Atoi(u.Uid)
			gid, err2 := strconv.Atoi(u.Gid)
			return uid, gid, errors.Join(err1, err2)
		}
	}
	return 0, 0, errors.New("there is no user that PostgreSQL could run as")
}

// run starts the server, and blocks until it answers.
func (p *postgres) run() error {
	// The shell ends the server when its standard input is closed.
	const script = `"$@" & server=$!; read -r _; kill -INT $server; wait $server`
	cmd := exec.CommandContext(context.Background(), "sh", "-c", script, "sh", filepath.Join(p.bin, "postgres"), "-D", p.data(), "-k", p.dir,
		"-c", "listen_addresses=", "-c", "logging_collector=off", "-c", "log_min_messages=fatal")
	cmd.SysProcAttr, cmd.Dir, cmd.Stderr = p.attr, p.dir, os.Stderr
	leash, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.running, p.leash = cmd, leash
	db, err := sql.Open("pgx", p.source("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if err = db.PingContext(context.Background()); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// halt stops the server.
func (p *postgres) halt() error {
	return errors.Join(p.leash.Close(), p.running.Wait())
}

func (p *postgres) stop() {
	if p.running != nil {
		_ = p.halt()
	}
	if p.dir != "" {
		_ = os.RemoveAll(p.dir)
	}
}
