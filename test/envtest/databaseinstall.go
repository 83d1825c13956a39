package envtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// installedDatabase is a database server that is installed on this machine.
type installedDatabase struct {
	kind Database
	// Paths of the server and of the program that creates its data.
	server, initialize string

	// setpriv and account are what PostgreSQL needs if this process is root, which it refuses.
	setpriv string
	account *user.User
}

// preparedDatabase is how a server with data is started and ended.
type preparedDatabase struct {
	program string
	args    []string
	end     func(*Cluster, *process) error
}

// findDatabase returns the programs of a server, or an error that says what is missing.
func findDatabase(kind Database) (installedDatabase, error) {
	d := installedDatabase{kind: kind}
	var err error
	switch kind {
	case PostgreSQL:
		// Debian's programs for the server are not in the PATH.
		if d.server, err = findProgram("postgres", "/usr/lib/postgresql/*/bin"); err != nil {
			return d, err
		}
		if d.server, err = filepath.EvalSymlinks(d.server); err != nil {
			return d, fmt.Errorf("find postgres: %w", err)
		}
		if d.initialize, err = findProgram("initdb", filepath.Dir(d.server)); err != nil {
			return d, err
		}
		if os.Getuid() != 0 {
			return d, nil
		}
		if d.setpriv, err = findProgram("setpriv", "/usr/bin"); err != nil {
			return d, err
		}
		for _, name := range []string{"postgres", "nobody"} {
			if d.account, err = user.Lookup(name); err == nil {
				return d, nil
			}
		}
		return d, fmt.Errorf("PostgreSQL does not run as root: %w", err)
	case MariaDB:
		if d.server, err = findProgram("mariadbd", "/usr/sbin"); err != nil {
			return d, err
		}
		d.initialize, err = findProgram("mariadb-install-db", "/usr/bin")
		return d, err
	default:
		return d, fmt.Errorf("Options.Database is %q, not %s or %s", kind, PostgreSQL, MariaDB)
	}
}

// findProgram looks in the PATH and then in the folders that match a pattern, the last one first.
func findProgram(name, pattern string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	paths, err := filepath.Glob(filepath.Join(pattern, name))
	if err != nil {
		return "", fmt.Errorf("find %s: %w", name, err)
	}
	slices.Sort(paths)
	if len(paths) == 0 {
		return "", fmt.Errorf("%s is neither in the PATH nor in %s", name, pattern)
	}
	return paths[len(paths)-1], nil
}

// prepare creates the data of a server.
func (d installedDatabase) prepare(ctx context.Context, c *Cluster) (preparedDatabase, error) {
	dir := c.path(string(d.kind))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return preparedDatabase{}, fmt.Errorf("create folder: %w", err)
	}
	if d.kind == PostgreSQL {
		return d.preparePostgreSQL(ctx, c, dir)
	}
	return d.prepareMariaDB(ctx, c, dir)
}

func (d installedDatabase) preparePostgreSQL(ctx context.Context, c *Cluster, dir string) (preparedDatabase, error) {
	data, password := filepath.Join(dir, "data"), filepath.Join(dir, "password")
	if err := writeSecret(password, c.database.Password); err != nil {
		return preparedDatabase{}, err
	}
	if d.account != nil {
		if err := d.give(c.Dir(), dir, password); err != nil {
			return preparedDatabase{}, err
		}
	}
	program, args := d.unprivileged(d.initialize, "--pgdata="+data, "--username="+c.database.User, "--pwfile="+password,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")
	if err := c.runToEnd(ctx, "initdb", program, args); err != nil {
		return preparedDatabase{}, err
	}
	program, args = d.unprivileged(d.server, "-D", data, "-h", c.database.Host, "-p", strconv.Itoa(c.database.Port),
		"-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=100")
	return preparedDatabase{program: program, args: args, end: func(c *Cluster, p *process) error {
		// SIGTERM would wait for clients, and SIGKILL leave shared memory.
		return p.endBy(func() error { return c.leash.Signal(databaseName, syscall.SIGQUIT) })
	}}, nil
}

func (d installedDatabase) prepareMariaDB(ctx context.Context, c *Cluster, dir string) (preparedDatabase, error) {
	data, first := filepath.Join(dir, "data"), filepath.Join(dir, "first.sql")
	s := c.database
	statements := fmt.Sprintf("create database if not exists %s character set utf8mb4;\n"+
		"create user if not exists '%s'@'%%' identified by '%s';\ngrant all on *.* to '%s'@'%%' with grant option;\n",
		s.Name, s.User, s.Password, s.User)
	if err := writeSecret(first, statements); err != nil {
		return preparedDatabase{}, err
	}
	common := []string{"--no-defaults", "--datadir=" + data}
	if os.Getuid() == 0 {
		common = append(common, "--user=root")
	}
	if err := c.runToEnd(ctx, "mariadb-install-db", d.initialize, append(slices.Clone(common), "--skip-test-db")); err != nil {
		return preparedDatabase{}, err
	}
	args := append(slices.Clone(common), "--init-file="+first, "--bind-address="+s.Host, "--port="+strconv.Itoa(s.Port),
		"--socket="+filepath.Join(dir, "socket"), "--pid-file="+filepath.Join(dir, "pid"),
		"--innodb-flush-log-at-trx-commit=2", "--skip-name-resolve")
	return preparedDatabase{program: d.server, args: args, end: func(_ *Cluster, p *process) error { return p.kill() }}, nil
}

// unprivileged returns a command that runs as an account that isn't root.
func (d installedDatabase) unprivileged(program string, args ...string) (string, []string) {
	if d.account == nil {
		return program, args
	}
	return d.setpriv, append([]string{"--reuid=" + d.account.Uid, "--regid=" + d.account.Gid, "--clear-groups", "--", program}, args...)
}

// give lets the account reach the work folder, and makes it the owner of the other files.
func (d installedDatabase) give(work string, files ...string) error {
	if err := os.Chmod(work, 0o711); err != nil {
		return err
	}
	uid, err := strconv.Atoi(d.account.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(d.account.Gid)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := os.Chown(file, uid, gid); err != nil {
			return err
		}
	}
	return nil
}

// runToEnd runs a program under the leash until it has ended.
func (c *Cluster) runToEnd(ctx context.Context, name, binary string, args []string) error {
	p, err := c.newProcess(name, binary, nil, args)
	if err != nil {
		return err
	}
	if err := p.wait(ctx); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if !p.cmd.ProcessState.Success() {
		return p.ended()
	}
	return nil
}

// endBy ends the process by a signal to the program itself, and kills it if it takes too long.
func (p *process) endBy(signal func() error) error {
	if err := p.ended(); err != nil {
		return fmt.Errorf("had ended before: %w", err)
	}
	if err := signal(); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(stopTimeout):
		return p.kill()
	}
}
