package argodb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Op names an operation in errors.
type Op string

// The operations are the methods of [Database].
const (
	OpByUID     Op = "read-archived-by-uid"
	OpByName    Op = "read-archived-by-name"
	OpList      Op = "list-archived"
	OpNodes     Op = "read-nodes"
	OpSaveNodes Op = "save-nodes"
)

// Error is the error of an operation. It matches exactly one of [workflow.ErrNotFound],
// [workflow.ErrNodesGone], [workflow.ErrInvalid], [workflow.ErrUnsupported] and [workflow.ErrHistory];
// the last also if a context ended, and then the context's cause and Err too.
//
// It contains what Code stands for, and no message of the driver or the server: these can repeat data
// source names and values.
type Error struct {
	Op        Op
	Namespace string // "" for a list of all namespaces
	// Name or UID is that of the workflow. A list has neither, until the workflow that it fails at.
	Name string
	UID  types.UID
	// Code is the server's SQLSTATE, such as 42501, or "" if the server gave none. With MySQL and
	// MariaDB it is the error number, such as 1142.
	Code string
	Err  error

	kind      error // the sentinel
	ended     error // Err of a context that has ended
	transient bool
}

// Transient reports whether the same call may succeed soon: the database could not be reached, did not
// answer in time, was starting or shutting down, had too many connections, or ended the statement in
// favor of another one.
func (e *Error) Transient() bool { return e.transient }

func (e *Error) Error() string {
	text := string(e.Op)
	switch {
	case e.UID != "":
		text += " " + e.Namespace + "/" + string(e.UID)
	case e.Name != "":
		text += " " + e.Namespace + "/" + e.Name
	case e.Namespace != "":
		text += " in namespace " + e.Namespace
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	} else {
		text += ": " + e.kind.Error()
	}
	return status.Printable(text)
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes [errors.Is] match the sentinel, and the Err of a context that has ended.
func (e *Error) Is(target error) bool {
	return target != nil && (target == e.kind || target == e.ended)
}

// of completes e with what happened.
func (e Error) of(err error) error {
	var failed *databaseError
	switch {
	case errors.Is(err, sql.ErrNoRows):
		err = nil
		if e.kind = workflow.ErrNotFound; e.Op == OpNodes {
			e.kind = workflow.ErrNodesGone
		}
	case errors.As(err, &failed):
		e.Code, e.ended, e.transient = failed.code, failed.ended, failed.transient
	}
	if e.kind == nil {
		e.kind = workflow.ErrHistory
	}
	e.Err = err
	return &e
}

// databaseError says what failed in words of this package.
type databaseError struct {
	code, text string
	cause      error // of a context that has ended
	ended      error
	transient  bool
}

func (e *databaseError) Error() string { return e.text }

func (e *databaseError) Unwrap() error { return e.cause }

// timeoutError is the end of Options.Timeout.
type timeoutError struct{ after time.Duration }

func (e *timeoutError) Error() string {
	return fmt.Sprintf("no answer of the database within %v", e.after)
}

// failure rewords an error of database/sql or of a driver.
func failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		cause := context.Cause(ctx)
		if late := new(timeoutError); errors.As(cause, &late) {
			return &databaseError{text: late.Error(), transient: true} // the caller's context has not ended
		}
		return &databaseError{text: cause.Error(), cause: cause, ended: ctx.Err()}
	}
	if code := codeOf(err); code != "" {
		return &databaseError{code: code, text: meaningOf(code), transient: isTransient(code)}
	}
	// Other errors of networks, such as a *url.Error, can contain a data source name.
	var network *net.OpError
	var lookup *net.DNSError
	if errors.As(err, &network) || errors.As(err, &lookup) {
		text := "the database cannot be reached: "
		if network != nil {
			return &databaseError{text: text + network.Error(), transient: true}
		}
		return &databaseError{text: text + lookup.Error(), transient: true}
	}
	var waiting interface{ Timeout() bool } // for as long as the driver's own settings allow
	if errors.As(err, &waiting) && waiting.Timeout() {
		return &databaseError{text: "the database did not answer in time", transient: true}
	}
	last := innermost(err)
	if isLost(last) {
		return &databaseError{text: "the connection to the database was lost", transient: true}
	}
	// Its type helps to find it in the driver's own log.
	return &databaseError{text: fmt.Sprintf("the database's driver failed (%T)", last)}
}

// isLost reports whether an error means that a connection ended. Two drivers have errors of their own for
// that, which are strings.
func isLost(err error) bool {
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, driver.ErrBadConn, sql.ErrConnDone, net.ErrClosed} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return err.Error() == "invalid connection" || err.Error() == "conn closed"
}

func innermost(err error) error {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err
}

// codeOf returns the SQLSTATE of an error of PostgreSQL's drivers, or the number of one of MySQL's.
func codeOf(err error) string {
	var state interface{ SQLState() string }
	if errors.As(err, &state) {
		return state.SQLState()
	}
	// The type belongs to a driver that this package does not import.
	if number := regexp.MustCompile(`^Error (\d{4,5})\b`).FindStringSubmatch(innermost(err).Error()); number != nil {
		return number[1]
	}
	return ""
}

// isTransient reports whether a code is that of a state that passes.
func isTransient(code string) bool {
	switch code {
	case "53300", "57P01", "57P02", "57P03", "57P05", "40001", "40P01",
		"1040", "1203", "1053", "1205", "1213", "1927", "4031":
		return true
	}
	return strings.HasPrefix(code, "08") // connections
}

// meaningOf says what a code means, and what to do about it.
func meaningOf(code string) string {
	switch code {
	case "42501", "1142", "1143", "1044":
		return "the database user lacks a right (" + code + "): grant it select on Argo's tables, and insert on the table of nodes to save nodes"
	case "28P01", "28000", "1045", "1698":
		return "the database does not accept the user or the password (" + code + ")"
	case "42P01", "1146":
		return "a table does not exist (" + code + "): is this the controller's database, is its persistence on, and is Options.NodesTable right?"
	case "42703", "1054":
		return "a column does not exist (" + code + "): is the schema that of Argo 3.6 or later?"
	case "3D000", "1049":
		return "the database does not exist (" + code + ")"
	case "53300", "1040", "1203":
		return "the database has too many connections (" + code + ")"
	case "25006", "1290", "1792":
		return "the database is read-only (" + code + ")"
	case "57P01", "57P02", "57P03", "1053":
		return "the database is shutting down or starting (" + code + ")"
	case "57P05", "1927", "4031":
		return "the database has closed the connection (" + code + ")"
	default:
		return "the database reported error " + code
	}
}
