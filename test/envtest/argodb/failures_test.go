package argodb_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// all calls every method.
func all(ctx context.Context, d *argodb.Database) map[argodb.Op]error {
	errs := map[argodb.Op]error{}
	_, errs[argodb.OpByUID] = d.ByUID(ctx, "ma", "1")
	_, errs[argodb.OpByName] = d.ByName(ctx, "ma", "w")
	_, errs[argodb.OpNodes] = d.Nodes(ctx, nodesRef)
	_, errs[argodb.OpSaveNodes] = d.SaveNodes(ctx, nodesRef, []byte(`{}`))
	errs[argodb.OpList] = nil
	for _, err := range d.List(ctx, workflow.HistoryQuery{}) {
		errs[argodb.OpList] = err
	}
	return errs
}

// failed checks that each error is one of the database, never that there is no such workflow, and shows
// nothing that is secret.
func failed(t *testing.T, errs map[argodb.Op]error, transient bool, want string, secrets ...string) {
	t.Helper()
	for op, err := range errs {
		var typed *argodb.Error
		if !errors.As(err, &typed) || typed.Op != op || !errors.Is(err, workflow.ErrHistory) ||
			errors.Is(err, workflow.ErrNotFound) || errors.Is(err, workflow.ErrNodesGone) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", op, err)
			continue
		}
		if typed.Transient() != transient {
			t.Errorf("%s: transient: %t: %v", op, typed.Transient(), err)
		}
		for cause := err; cause != nil; cause = errors.Unwrap(cause) {
			for _, secret := range secrets {
				if strings.Contains(cause.Error(), secret) {
					t.Errorf("%s: %q shows %s", op, cause, secret)
				}
			}
		}
	}
}

func isTransient(err error) bool {
	var typed *argodb.Error
	return errors.As(err, &typed) && typed.Transient()
}

func working(t *testing.T, d *argodb.Database) {
	t.Helper()
	for op, err := range all(t.Context(), d) {
		if err != nil {
			t.Errorf("%s: %v", op, err)
		}
	}
}

func (s *scene) filled(t *testing.T) {
	t.Helper()
	s.createSchema(t, newestSchema)
	s.archive(t, archived{uid: "1"})
	s.insertNodes(t, map[string]any{"clustername": "default", "uid": "1", "version": "fnv:1", "namespace": "ma", "nodes": `{}`})
}

func TestDatabaseThatIsKilledAndStarted(t *testing.T) {
	onEach(t, func(t *testing.T, s *scene) {
		s.filled(t)
		d := s.database(t)
		working(t, d)
		if err := s.cluster.Kill(t.Context(), envtest.PartDatabase); err != nil {
			t.Fatal(err)
		}
		for op, err := range all(t.Context(), d) { // on the connections that there were
			if !isTransient(err) || !errors.Is(err, workflow.ErrHistory) {
				t.Errorf("%s: %v", op, err)
			}
		}
		failed(t, all(t.Context(), d), true, "cannot be reached", s.server.Password)
		if err := s.cluster.Restart(t.Context(), envtest.PartDatabase); err != nil {
			t.Fatal(err)
		}
		working(t, d)
	})
}

// A list that has begun goes on where it was.
func TestListGoesOnAfterTheDatabaseIsBack(t *testing.T) {
	onEach(t, func(t *testing.T, s *scene) {
		s.createSchema(t, newestSchema)
		rows := make([]archived, 510) // more than a page
		for i := range rows {
			rows[i] = archived{uid: fmt.Sprintf("%03d", i)}
		}
		s.archive(t, rows...)
		kill := map[int]bool{1: true, 500: true}
		var restarts sync.WaitGroup
		seen := 0
		for u, err := range s.database(t, func(o *argodb.Options) { o.Timeout = 2 * time.Minute }).List(t.Context(), workflow.HistoryQuery{}) {
			if err != nil {
				t.Error(err)
				break
			}
			if want := fmt.Sprintf("%03d", len(rows)-1-seen); string(u.GetUID()) != want {
				t.Errorf("%s, not %s", u.GetUID(), want)
				break
			}
			if seen++; kill[seen] {
				restarts.Wait()
				if err := s.cluster.Kill(t.Context(), envtest.PartDatabase); err != nil {
					t.Error(err)
				}
				restarts.Go(func() {
					if err := s.cluster.Restart(t.Context(), envtest.PartDatabase); err != nil {
						t.Error(err)
					}
				})
			}
		}
		restarts.Wait()
		if seen != len(rows) {
			t.Errorf("%d of %d", seen, len(rows))
		}
	})
}

func TestDatabaseThatDoesNotAnswer(t *testing.T) {
	onEach(t, func(t *testing.T, s *scene) {
		s.filled(t)
		impatient := s.database(t, func(o *argodb.Options) { o.Timeout = 300 * time.Millisecond })
		release := s.lock(t)
		if err := all(t.Context(), impatient)[argodb.OpByUID]; !isTransient(err) || !errors.Is(err, workflow.ErrHistory) || !strings.Contains(err.Error(), "no answer of the database within 300ms") {
			t.Errorf("%v", err)
		}
		cause := errors.New("the host is leaving")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		errs := all(ctx, impatient)
		failed(t, errs, false, "the host is leaving")
		for op, err := range errs {
			if !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", op, err)
			}
		}
		release()
		working(t, s.database(t))
	})
}

// A server that accepts connections and says nothing, and drivers with a shorter limit than Options.Timeout.
func TestServerThatSaysNothing(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	address := listener.Addr().String()
	ofPostgreSQL, err := pgx.ParseConfig("postgres://u:sw0rdfish@" + address + "/x?sslmode=disable&connect_timeout=1")
	if err != nil {
		t.Fatal(err)
	}
	ofMySQL := mysql.NewConfig()
	ofMySQL.Net, ofMySQL.Addr, ofMySQL.Passwd, ofMySQL.ReadTimeout = "tcp", address, "sw0rdfish", time.Second
	ofMySQL.Logger = &mysql.NopLogger{}
	byMySQL, err := mysql.NewConnector(ofMySQL)
	if err != nil {
		t.Fatal(err)
	}
	for dialect, connector := range map[argodb.Dialect]driver.Connector{
		argodb.PostgreSQL: stdlib.GetConnector(*ofPostgreSQL), argodb.MySQL: byMySQL,
	} {
		db := sql.OpenDB(connector)
		t.Cleanup(func() { _ = db.Close() })
		d, err := argodb.New(db, argodb.Options{Dialect: dialect})
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.ByUID(t.Context(), "ma", "1")
		failed(t, map[argodb.Op]error{argodb.OpByUID: err}, true, "", "sw0rdfish", "127.0.0.1")
	}
}

// lock keeps everybody from reading the archive until release is called.
func (s *scene) lock(t *testing.T) (release func()) {
	t.Helper()
	conn, err := s.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	statements := []string{"begin", "lock table argo_archived_workflows in access exclusive mode"}
	unlock := "rollback"
	if s.dialect == argodb.MySQL {
		statements, unlock = []string{"lock tables argo_archived_workflows write"}, "unlock tables"
	}
	for _, statement := range statements {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		if _, err := conn.ExecContext(context.WithoutCancel(t.Context()), unlock); err != nil {
			t.Error(err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatIsMissing(t *testing.T) {
	onEach(t, func(t *testing.T, s *scene) {
		failed(t, all(t.Context(), s.database(t)), false, "a table does not exist")
		wrong := s.as(t, s.server.User, "wr0ng-secret")
		failed(t, all(t.Context(), s.on(t, wrong)), false, "does not accept", "wr0ng-secret", s.server.Name+"?")
		elsewhere := s.server
		elsewhere.Name = "absent"
		failed(t, all(t.Context(), s.on(t, open(t, elsewhere))), false, "the database does not exist", s.server.Password)
		s.createSchema(t, newestSchema)
		exec(t, s.db, "alter table argo_archived_workflows drop column workflow")
		exec(t, s.db, "alter table argo_workflows drop column nodes")
		errs := all(t.Context(), s.database(t))
		delete(errs, argodb.OpList) // which reads no workflow, as there is none
		failed(t, errs, false, "a column does not exist")
	})
}
