package source

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// Row is what the table of an object shows of its status, by the columns of Argo's resource
// definitions.
type Row struct {
	Phase, Message string
}

// RowSource is a [Source] whose watches can bring rows instead of objects.
type RowSource interface {
	Source
	// Rows returns a source of the same objects whose watches bring a [Row] of each.
	Rows() Source
}

// tableOrObject asks for tables, and says that objects will do for a server that makes none.
const tableOrObject = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"

// Rows implements [RowSource]. The watches bring whole objects if the API server makes no tables,
// or if these do not show the phase.
func (s *REST) Rows() Source { return &restRows{REST: s} }

// restRows is a REST whose watches bring rows.
type restRows struct {
	*REST

	useless atomic.Bool // tables are refused, or have no phase
}

// errNoPhase means that the resource definition has no column with the phase.
var errNoPhase = errors.New("the table does not show the phase")

// Watch implements [Source].
func (s *restRows) Watch(ctx context.Context, opts metav1.ListOptions, progress func()) (Stream, error) {
	if s.useless.Load() {
		return s.REST.Watch(ctx, opts, progress)
	}
	opts.Watch = true
	request := s.request(s.unbounded, opts).SetHeader("Accept", tableOrObject).Param("includeObject", string(metav1.IncludeNone))
	body, err := request.Stream(ctx)
	if refusesTables(err) {
		s.useless.Store(true)
		return s.REST.Watch(ctx, opts, progress)
	}
	if err != nil {
		return nil, err
	}
	return &rowStream{jsonStream: newJSONStream(body, progress), source: s, phase: -1, message: -1}, nil
}

// refusesTables reports whether a server, or a proxy before it, answers no request for tables though objects
// would do.
func refusesTables(err error) bool {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return false
	}
	code := answer.Status().Code
	return code == http.StatusNotAcceptable || code == http.StatusUnsupportedMediaType
}

// rowStream is a watch that brings rows.
type rowStream struct {
	*jsonStream

	source         *restRows
	phase, message int // their columns, which only the first table names
}

// Next implements [Stream].
func (s *rowStream) Next() (Event, error) {
	kind, object, err := s.next()
	if err != nil {
		return Event{}, err
	}
	if kind != watch.Added && kind != watch.Modified && kind != watch.Deleted && kind != watch.Bookmark {
		return newEvent(kind, object)
	}
	var table table
	if err := json.Unmarshal(object, &table); err != nil {
		return Event{}, &WatchError{Err: err}
	}
	if table.Kind != "Table" {
		return newEvent(kind, object)
	}
	return s.event(kind, &table)
}

// table is a [metav1.Table] of one object, of which only what is read is decoded.
type table struct {
	Kind     string          `json:"kind"`
	Metadata metav1.ListMeta `json:"metadata"`
	Columns  []column        `json:"columnDefinitions"`
	Rows     []struct {
		Cells []any `json:"cells"`
	} `json:"rows"`
}

type column struct {
	Name string `json:"name"`
}

// named returns the place of a column, or -1.
func (t *table) named(name string) int {
	return slices.IndexFunc(t.Columns, func(c column) bool { return c.Name == name })
}

// event returns the event that a table stands for.
func (s *rowStream) event(kind watch.EventType, t *table) (Event, error) {
	if len(t.Columns) > 0 {
		s.phase, s.message = t.named("Status"), t.named("Message")
	}
	e := Event{Type: kind}
	e.ID.ResourceVersion = t.Metadata.ResourceVersion
	if kind == watch.Bookmark {
		return e, nil
	}
	switch {
	case s.phase < 0:
		s.source.useless.Store(true)
		return Event{}, &WatchError{Err: errNoPhase}
	case len(t.Rows) != 1 || e.ID.ResourceVersion == "":
		return Event{}, &WatchError{Err: io.ErrUnexpectedEOF}
	}
	cell := func(at int) string {
		if at < 0 || at >= len(t.Rows[0].Cells) {
			return ""
		}
		text, _ := t.Rows[0].Cells[at].(string) // nil if the object does not have it
		return text
	}
	e.ID.Name = cell(0)
	e.Row = &Row{Phase: cell(s.phase), Message: cell(s.message)}
	return e, nil
}
