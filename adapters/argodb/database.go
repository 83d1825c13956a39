package argodb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Database is Argo's database. It is safe for concurrent use.
type Database struct {
	db   *sql.DB
	opts Options
}

var (
	_ workflow.History   = (*Database)(nil)
	_ workflow.NodeStore = (*Database)(nil)
)

// New returns Argo's database behind db, which stays the caller's: New sends nothing, and the caller
// closes db. The error is a [*workflow.InvalidError].
func New(db *sql.DB, opts Options) (*Database, error) {
	if db == nil {
		return nil, &workflow.InvalidError{Problems: field.ErrorList{field.Required(field.NewPath("db"), "must not be nil")}}
	}
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Database{db: db, opts: opts}, nil
}

// withTimeout bounds a statement.
func (d *Database) withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d.opts.Timeout, &timeoutError{d.opts.Timeout})
}

// row reads at most one row of a statement into dest. It returns [sql.ErrNoRows] if there is none.
func (d *Database) row(ctx context.Context, s *statement, dest ...any) error {
	ctx, cancel := d.withTimeout(ctx)
	defer cancel()
	err := d.db.QueryRowContext(ctx, s.text.String(), s.args...).Scan(dest...)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return failure(ctx, err)
	}
	return err
}

// document reads a row with a JSON document and its size in bytes, in this order. The statement
// returns NULL for the document of a row that is larger than the limit.
func (d *Database) document(ctx context.Context, s *statement) ([]byte, error) {
	var document []byte
	var size sql.NullInt64
	if err := d.row(ctx, s, &document, &size); err != nil {
		return nil, err
	}
	if document == nil && !size.Valid { // MySQL answers so
		return nil, errors.New("the row is larger than the server's max_allowed_packet")
	}
	if document == nil {
		return nil, fmt.Errorf("a row of %d bytes exceeds the limit of %d; see Options.MaxSize", size.Int64, d.opts.MaxSize)
	}
	return document, nil
}
