package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	_ "modernc.org/sqlite" // registers the driver that OpenSQLite uses

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Journal is a [workflow.History] in a database. It records, as a [workflow.StartRecorder] and a
// [workflow.Recorder]. It is safe for concurrent use, also by several clients.
type Journal struct {
	db      *sql.DB // to read
	writes  *sql.DB // to write; with PostgreSQL, that is db
	owned   bool    // both are closed with the journal
	file    *file   // of SQLite
	dialect dialect
	opts    Options

	cancel   context.CancelFunc // ends what the writer is doing
	wakes    chan struct{}      // has room for one element; see wake
	stopping chan struct{}
	stopped  chan struct{}
	close    sync.Once

	mu      sync.Mutex
	closing bool
	asked   []request           // to write
	failed  []request           // to write with the next tick
	queue   map[identity]*entry // states to store
	bytes   int                 // of the queued states
	latest  map[identity]*entry // the last state of each workflow, while it is queued and for some time after
}

var (
	_ workflow.History       = (*Journal)(nil)
	_ workflow.StartRecorder = (*Journal)(nil)
	_ workflow.Recorder      = (*Journal)(nil)
)

// identity is that of a workflow.
type identity struct {
	namespace string
	uid       types.UID
}

// OpenSQLite opens the journal in a SQLite file. If there is none, it creates the file, readable and
// writable only by the present user, in a folder that must exist. Beside it SQLite keeps two more files,
// with the endings -wal and -shm. Any number of processes of one machine may use the file at once. It must
// be on a local disk, since the locks and the shared memory that SQLite needs do not work over a network. If
// the file is deleted or replaced while the journal is open, nothing more is recorded, and no start with a key
// succeeds, until the journal is opened again.
//
// While other processes keep the file busy, OpenSQLite blocks for up to 30 seconds. Errors match
// [workflow.ErrInvalid] (an option, or no path), or else [workflow.ErrHistory], or are the context's. Close
// the journal when no client uses it any more.
func OpenSQLite(ctx context.Context, path string, opts Options) (*Journal, error) {
	opts, err := opts.withDefaults()
	if path == "" {
		err = errors.Join(err, errors.New("path: must be the path of a file"))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", workflow.ErrInvalid, err)
	}
	opened, err := create(path)
	if err != nil {
		return nil, unavailable(ctx, "open", err)
	}
	db, err := opened.connections("10000")
	if err != nil {
		return nil, unavailable(ctx, "open", err)
	}
	db.SetMaxOpenConns(4)
	writes, err := opened.connections("0") // transact waits, in turns that are fairer than SQLite's
	if err != nil {
		return nil, errors.Join(unavailable(ctx, "open", err), db.Close())
	}
	writes.SetMaxOpenConns(1)
	j := newJournal(db, sqlite(), opts)
	j.writes, j.owned, j.file = writes, true, opened
	if err = untilFree(ctx, func() error { return writeAhead(ctx, db) }); err == nil {
		err = j.open(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, j.disconnect())
	}
	return j, nil
}

// connections returns a pool of connections, which wait for others for so many milliseconds.
func (f *file) connections(busy string) (*sql.DB, error) {
	settings := url.Values{
		"mode": {"rw"}, // a file that was deleted meanwhile is not made again
		// Each commit is on the disk before it is answered, so that a key outlives even a power failure.
		"_pragma": {"busy_timeout(" + busy + ")", "synchronous(FULL)"},
		"_txlock": {"immediate"}, // a transaction that first reads could not wait for the lock that it then needs
	}
	return sql.Open("sqlite", (&url.URL{Scheme: "file", Path: f.path, RawQuery: settings.Encode()}).String())
}

// disconnect closes the connections to a file.
func (j *Journal) disconnect() error {
	return errors.Join(j.writes.Close(), j.db.Close())
}

// create makes the file unless it exists. It does not open one that exists: closing that would take away the
// locks of another journal of this process.
func create(path string) (*file, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	made, err := os.OpenFile(absolute, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		err = made.Close()
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	info, err := os.Stat(absolute)
	return &file{absolute, info}, err
}

// writeAhead makes the file one with a write-ahead log, so that readers and writers don't wait for each
// other. It stays one.
func writeAhead(ctx context.Context, db *sql.DB) error {
	var mode string
	err := db.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
	if err == nil && mode != "wal" {
		err = errors.New("the file is where a write-ahead log cannot be shared")
	}
	return unavailable(ctx, "open", err)
}

// untilFree calls attempt again for as long as the database is busy, which SQLite's own timeout does not
// cover while another process changes the mode of the file.
func untilFree(ctx context.Context, attempt func() error) error {
	for deadline := time.Now().Add(storeFor); ; {
		err := attempt()
		var failed *databaseError
		if !errors.As(err, &failed) || !failed.Transient() || time.Until(deadline) <= 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// OpenPostgreSQL opens the journal in a PostgreSQL database, which any number of processes on any machines
// may share. It is tested with version 15. db is the host's, with the driver of its choice, such as
// github.com/jackc/pgx/v5/stdlib. The journal needs two or three connections at a time, and does not close
// db. It creates its tables, whose names begin with argoservice_journal_, in the first schema of the
// search path. It needs the right to create tables there only if they do not exist, or are those of an
// earlier version of this package; afterwards select, insert, update and delete are enough.
//
// While the database is away, OpenPostgreSQL blocks for up to 30 seconds. Errors match
// [workflow.ErrInvalid] (an option, or db is nil), or else [workflow.ErrHistory], or are the context's. Close
// the journal before db, when no client uses it any more.
func OpenPostgreSQL(ctx context.Context, db *sql.DB, opts Options) (*Journal, error) {
	opts, err := opts.withDefaults()
	if db == nil {
		err = errors.Join(err, errors.New("db: must not be nil"))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", workflow.ErrInvalid, err)
	}
	j := newJournal(db, postgreSQL(), opts)
	if err := j.open(ctx); err != nil {
		return nil, err
	}
	return j, nil
}

// newJournal returns a journal whose writer does not run. opts are complete.
func newJournal(db *sql.DB, d dialect, opts Options) *Journal {
	return &Journal{
		db: db, writes: db, dialect: d, opts: opts,
		wakes: make(chan struct{}, 1), stopping: make(chan struct{}), stopped: make(chan struct{}),
		queue: map[identity]*entry{}, latest: map[identity]*entry{},
	}
}

// open prepares the tables and starts the writer.
func (j *Journal) open(ctx context.Context) error {
	err := untilFree(ctx, func() error {
		ctx, cancel := limited(ctx)
		defer cancel()
		return unavailable(ctx, "prepare the tables", j.inTurn(ctx, func() error { return migrate(ctx, j.writes, j.dialect) }))
	})
	if err == nil {
		j.start(ctx)
	}
	return err
}

// start starts the writer, which ends with the journal.
func (j *Journal) start(ctx context.Context) {
	ctx, j.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go j.write(ctx)
}

// Close stores what is queued, and releases the journal's resources. It blocks for up to 30 seconds if
// the database does not answer. If something could not be stored, the error matches [workflow.ErrHistory].
// Calls of the journal after Close, and during it, fail or have no effect. A further Close does nothing.
func (j *Journal) Close() (err error) {
	j.close.Do(func() {
		j.mu.Lock()
		j.closing = true
		j.mu.Unlock()
		limit := time.AfterFunc(closeFor, j.cancel)
		close(j.stopping)
		<-j.stopped
		limit.Stop()
		j.cancel()
		if left := len(j.queue) + len(j.failed); left > 0 {
			err = &databaseError{"close", fmt.Errorf("%d states, decisions and refused starts could not be stored", left)}
		}
		if j.owned {
			err = errors.Join(err, j.disconnect())
		}
	})
	return err
}
