package argoserver

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// pageSize is how many keys of workflows are read at a time.
	pageSize = 100

	// How far the clock of a controller is from UTC, at most.
	behindUTC, aheadOfUTC = 12 * time.Hour, 14 * time.Hour

	// endOfSecond is from the time of a row, which the server returns in seconds, to the last time that its
	// column may have, which are in microseconds.
	endOfSecond = time.Second - time.Microsecond
)

// row is the key of an archived workflow.
type row struct {
	namespace, name string
	uid             types.UID
	phase           status.Phase
	startedAt       time.Time // by the controller's clock, as if that was UTC
}

// pages reads the rows of a list. The server pages by offset, which shifts while rows come and go. It orders
// rows of one time as it likes, and of one row more than it was asked for it leaves out any, which need not be
// the last. So what a page has are the rows that started after the second of its last one, asked for once more by
// their times, and the next page begins with that second.
type pages struct {
	client *Client
	query  workflow.HistoryQuery
	name   string // "" for any
	size   int
	until  time.Time // what is left started no later; zero: it can have started at any time
}

// next returns the rows behind those that it has returned, the last started first, and whether there are
// more. After an error it can be called again.
func (p *pages) next(ctx context.Context) (rows []row, more bool, err error) {
	for limit := p.size; ; {
		l := listing{query: p.query, name: p.name, until: p.until, limit: limit}
		rows, more, err = p.client.rows(ctx, l)
		var f *failure
		switch {
		case errors.As(err, &f) && f.tooLarge && limit == p.size && p.size > 1:
			p.size /= 2
			limit = p.size
			continue
		case err != nil:
			return nil, false, err
		}
		lastFirst(rows)
		if !more {
			return rows, false, nil
		}
		last := rows[len(rows)-1].startedAt
		if !rows[0].startedAt.Equal(last) { // or that second has more rows than there is room for
			l.after = last.Add(time.Second)
			if rows, more, err = p.client.rows(ctx, l); err != nil {
				return nil, false, err
			}
			if !more { // or some were archived meanwhile
				p.until = last.Add(endOfSecond)
				lastFirst(rows)
				return rows, true, nil
			}
		}
		limit *= 2
	}
}

// lastFirst sorts rows, the last started first.
func lastFirst(rows []row) {
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(b.startedAt.Compare(a.startedAt), cmp.Compare(b.uid, a.uid))
	})
}

// listing is a request for rows.
type listing struct {
	query workflow.HistoryQuery
	name  string // "" for any
	// Both are by the controller's clock, and zero for any.
	after, until time.Time
	limit        int
}

// rows returns rows and whether there are more. If there are, they are any of the limit+1 that started last.
func (c *Client) rows(ctx context.Context, l listing) (rows []row, more bool, err error) {
	document, err := c.read(ctx, request{path: []string{"api", "v1", "archived-workflows"}, query: l.parameters()})
	var f *failure
	if errors.As(err, &f) {
		f.notFound = false // which says nothing about a list
	}
	if err != nil {
		return nil, false, err
	}
	rows, more, err = decodeRows(document)
	if err != nil {
		return nil, false, err
	}
	for _, r := range rows {
		if checkIDs(r.namespace, r.uid) != nil || l.query.Namespace != "" && r.namespace != l.query.Namespace {
			return nil, false, errOther
		}
	}
	if more && len(rows) < l.limit {
		return nil, false, errors.New("the Argo server says that there are more workflows, but does not return them")
	}
	if len(rows) == 0 {
		return nil, false, c.checkArchive(ctx, l.query.Namespace)
	}
	return rows, more, nil
}

// decodeRows decodes what the server returns for a list. Errors contain nothing of the document.
func decodeRows(document []byte) (rows []row, more bool, err error) {
	var list map[string]any // so that another JSON object is not taken for an empty list
	if err := json.Unmarshal(document, &list); err != nil {
		return nil, false, errors.New("the answer is not a JSON object: is Options.URL that of an Argo server?")
	}
	metadata, isList := list["metadata"].(map[string]any)
	items, present := list["items"]
	if !isList || !present {
		return nil, false, errors.New("the answer is not a list of workflows: is Options.URL that of an Argo server?")
	}
	next, _ := metadata["continue"].(string)
	if items == nil {
		return nil, next != "", nil
	}
	var typed struct {
		Items []struct {
			Metadata struct {
				Namespace string    `json:"namespace"`
				Name      string    `json:"name"`
				UID       types.UID `json:"uid"`
			} `json:"metadata"`
			Status struct {
				Phase     status.Phase `json:"phase"`
				StartedAt metav1.Time  `json:"startedAt"`
			} `json:"status"`
		} `json:"items"`
	}
	if err := json.Unmarshal(document, &typed); err != nil {
		return nil, false, errors.New("the answer is not a list of workflows")
	}
	for _, item := range typed.Items {
		rows = append(rows, row{
			namespace: item.Metadata.Namespace, name: item.Metadata.Name, uid: item.Metadata.UID,
			phase: item.Status.Phase, startedAt: item.Status.StartedAt.UTC(),
		})
	}
	return rows, next != "", nil
}

// parameters are those of the request.
func (l listing) parameters() url.Values {
	values := url.Values{"namespace": {l.query.Namespace}, "listOptions.limit": {strconv.Itoa(l.limit)}}
	if selector := sent(l.query.Selector); selector != "" {
		values.Set("listOptions.labelSelector", selector)
	}
	var fields []string
	if l.name != "" {
		fields = append(fields, "metadata.name="+l.name)
	}
	after := l.after
	if at := l.query.StartedAfter; after.IsZero() && !at.IsZero() { // what is asked for once more is after it
		after = at.Add(-behindUTC)
	}
	if !after.IsZero() {
		fields = append(fields, "spec.startedAt>"+timeText(after))
	}
	until := l.until
	if at := l.query.StartedBefore; until.IsZero() && !at.IsZero() { // later pages are before it
		until = at.Add(aheadOfUTC)
	}
	if !until.IsZero() {
		fields = append(fields, "spec.startedAt<"+timeText(until))
	}
	if len(fields) > 0 {
		values.Set("listOptions.fieldSelector", strings.Join(fields, ","))
	}
	return values
}

func timeText(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// sent returns the selector that the server applies. Its database refuses to compare a label with a number
// if a workflow has another value of that label.
func sent(selector labels.Selector) string {
	if selector == nil {
		return ""
	}
	all, _ := selector.Requirements()
	var texts []string
	for _, required := range all {
		switch required.Operator() {
		case selection.GreaterThan, selection.LessThan:
			texts = append(texts, required.Key())
		default:
			texts = append(texts, required.String())
		}
	}
	return strings.Join(texts, ",")
}
