package envtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// Database is a kind of database server. It comes from the distribution's packages.
type Database string

const (
	// PostgreSQL needs Debian's package postgresql, or the same programs in the PATH.
	PostgreSQL Database = "postgresql"
	// MariaDB needs Debian's package mariadb-server-core, or the same programs in the PATH.
	MariaDB Database = "mariadb"
)

const (
	databaseName   = "database"
	databaseSecret = "argo-database"

	// NodesTable is the table in which the workflow-controller stores nodes.
	NodesTable = "argo_workflows"

	// mostRelaunches is how often a server that was killed is started again while what is left of the
	// killed one still ends.
	mostRelaunches = 100
)

// DatabaseServer is the database of a cluster, on loopback. User owns it.
type DatabaseServer struct {
	Kind           Database
	Host           string
	Port           int
	Name           string
	User, Password string
}

// Database returns the cluster's database. It has no Kind if the cluster has none, or was joined.
func (c *Cluster) Database() DatabaseServer { return c.database }

// Open opens the database; the caller must close it. Nothing is sent.
func (s DatabaseServer) Open() (*sql.DB, error) {
	connector, err := s.Connector()
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// Connector connects to the database. To connect as another user, change User and Password.
func (s DatabaseServer) Connector() (driver.Connector, error) {
	address := net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	if s.Kind == PostgreSQL {
		config, err := pgx.ParseConfig(fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", s.User, s.Password, address, s.Name))
		if err != nil {
			return nil, err
		}
		return stdlib.GetConnector(*config), nil
	}
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Passwd, config.DBName = "tcp", address, s.User, s.Password, s.Name
	config.Params = map[string]string{"time_zone": "'+00:00'"}
	config.Logger = &mysql.NopLogger{} // which would print lost connections
	return mysql.NewConnector(config)
}

// DatabaseLacks returns what this machine lacks to start a database server, or "".
func DatabaseLacks(kind Database) string {
	_, err := findDatabase(kind)
	if err != nil {
		return err.Error()
	}
	return ""
}

// startDatabase creates the data and starts the server. It blocks until the database exists.
func (c *Cluster) startDatabase(ctx context.Context) error {
	c.opts.Progress("starting " + string(c.opts.Database))
	installed, err := findDatabase(c.opts.Database)
	if err != nil {
		return err
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	c.database = DatabaseServer{
		Kind: c.opts.Database, Host: "127.0.0.1", Port: port, Name: "argo", User: "argo", Password: rand.Text(),
	}
	if c.opts.Database == PostgreSQL {
		c.database.Name = "postgres" // which is there from the beginning
	}
	server, err := installed.prepare(ctx, c)
	if err != nil {
		return fmt.Errorf("prepare %s: %w", c.opts.Database, err)
	}
	p, err := c.newProcess(databaseName, server.program, nil, server.args)
	if err != nil {
		return err
	}
	ready := func(ctx context.Context) error { return c.awaitDatabase(ctx, p) }
	c.addPart(&part{name: PartDatabase, gone: p.wait, launch: p.launch, ready: ready, end: func() error { return server.end(c, p) }})
	return ready(ctx)
}

// awaitDatabase blocks until the database answers. What is left of a killed server can keep the next one
// from starting for a moment.
func (c *Cluster) awaitDatabase(ctx context.Context, p *process) error {
	db, err := c.database.Open()
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	launches := 0
	var last error
	err = wait.PollUntilContextCancel(ctx, pollInterval, true, func(ctx context.Context) (bool, error) {
		if ended := p.ended(); ended != nil {
			if launches++; launches > mostRelaunches {
				return false, ended
			}
			return false, p.launch()
		}
		last = db.PingContext(ctx)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("wait until %s answers: %w", c.database.Kind, errors.Join(err, last))
	}
	return nil
}

// freePort returns a port on which nothing listens now.
func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// persistence is the part of the controller's configuration about the database.
func (s DatabaseServer) persistence() string {
	driver := "postgresql"
	if s.Kind == MariaDB {
		driver = "mysql"
	}
	return fmt.Sprintf(`archive: true
nodeStatusOffLoad: true
%s:
  host: %s
  port: %d
  database: %s
  tableName: %s
  userNameSecret: {name: %[6]s, key: username}
  passwordSecret: {name: %[6]s, key: password}
`, driver, s.Host, s.Port, s.Name, NodesTable, databaseSecret)
}

// secret has the controller's credentials.
func (s DatabaseServer) secret() *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: ArgoNamespace, Name: databaseSecret},
		StringData: map[string]string{"username": s.User, "password": s.Password},
	}
}

// writeSecret writes a file that only its owner reads.
func writeSecret(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) }
