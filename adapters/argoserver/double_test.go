package argoserver_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argoserver"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// archivedRow is a workflow in the archive of a double.
type archivedRow struct {
	namespace, name, uid, phase string
	labels                      map[string]string
	column                      time.Time // startedat, by the controller's clock
	startedAt                   string    // in the JSON
	padding                     int       // bytes of arguments
}

// double answers as an Argo server with an archive does: it orders by startedat, orders rows of one time as
// it likes, pages by offset, returns a page in any order and seconds, and leaves out any row of a page with one
// too many.
type double struct {
	*httptest.Server

	mu        sync.Mutex
	rows      []archivedRow
	before    func(d *double, r *http.Request) // called with mu held
	requests  []*http.Request
	noArchive bool
}

func newDouble(t *testing.T, rows ...archivedRow) *double {
	t.Helper()
	d := &double{rows: rows}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/archived-workflows", d.list)
	mux.HandleFunc("GET /api/v1/archived-workflows/{uid}", d.get)
	d.Server = httptest.NewServer(mux)
	t.Cleanup(d.Close)
	return d
}

// begin records a request. The caller must call the returned function.
func (d *double) begin(r *http.Request) (end func()) {
	d.mu.Lock()
	d.requests = append(d.requests, r.Clone(r.Context()))
	if d.before != nil {
		d.before(d, r)
	}
	return d.mu.Unlock
}

// change changes the double between requests.
func (d *double) change(do func(*double)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	do(d)
}

func (d *double) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.requests)
}

func (d *double) get(w http.ResponseWriter, r *http.Request) {
	defer d.begin(r)()
	if d.noArchive {
		refuse(w, http.StatusInternalServerError, 13, "getting archived workflows not supported")
		return
	}
	i := slices.IndexFunc(d.rows, func(row archivedRow) bool { return row.uid == r.PathValue("uid") })
	if i < 0 {
		refuse(w, http.StatusNotFound, 5, "not found")
		return
	}
	wf := d.rows[i].object()
	wf["apiVersion"], wf["kind"] = "argoproj.io/v1alpha1", "Workflow"
	wf["status"].(map[string]any)["startedAt"] = d.rows[i].startedAt
	wf["status"].(map[string]any)["nodes"] = map[string]any{"n": map[string]any{"id": "n"}}
	write(w, wf)
}

func (d *double) list(w http.ResponseWriter, r *http.Request) {
	defer d.begin(r)()
	if d.noArchive {
		write(w, map[string]any{"metadata": map[string]any{}, "items": []any{}})
		return
	}
	query := r.URL.Query()
	matching, err := d.matching(query.Get("namespace"), query.Get("listOptions.labelSelector"), query.Get("listOptions.fieldSelector"))
	if err != nil {
		refuse(w, http.StatusBadRequest, 3, err.Error())
		return
	}
	offset, _ := strconv.Atoi(query.Get("listOptions.continue"))
	limit, _ := strconv.Atoi(query.Get("listOptions.limit"))
	page := matching[min(offset, len(matching)):]
	metadata := map[string]any{}
	if limit > 0 {
		page = page[:min(limit+1, len(page))]
	}
	rand.Shuffle(len(page), func(i, j int) { page[i], page[j] = page[j], page[i] })
	if limit > 0 && len(page) > limit {
		page = page[:limit]
		metadata["continue"] = strconv.Itoa(offset + limit)
	}
	var items []any
	for _, row := range page {
		items = append(items, row.object())
	}
	write(w, map[string]any{"metadata": metadata, "items": items})
}

func (d *double) matching(namespace, labelSelector, fieldSelector string) ([]archivedRow, error) {
	selector, err := labels.Parse(labelSelector)
	if err != nil {
		return nil, err
	}
	matching := slices.Clone(d.rows)
	keep := func(match func(archivedRow) bool) {
		matching = slices.DeleteFunc(matching, func(r archivedRow) bool { return !match(r) })
	}
	keep(func(r archivedRow) bool { return namespace == "" || r.namespace == namespace })
	keep(func(r archivedRow) bool { return selector.Matches(labels.Set(r.labels)) })
	for _, field := range strings.FieldsFunc(fieldSelector, func(r rune) bool { return r == ',' }) {
		if name, found := strings.CutPrefix(field, "metadata.name="); found {
			keep(func(r archivedRow) bool { return r.name == name })
			continue
		}
		text, isBound := strings.CutPrefix(field, "spec.startedAt")
		if !isBound {
			return nil, fmt.Errorf("unsupported requirement %s", field)
		}
		at, err := time.Parse(time.RFC3339, text[1:])
		if err != nil {
			return nil, err
		}
		keep(func(r archivedRow) bool {
			return text[0] == '<' && !r.column.After(at) || text[0] == '>' && !r.column.Before(at)
		})
	}
	rand.Shuffle(len(matching), func(i, j int) { matching[i], matching[j] = matching[j], matching[i] })
	slices.SortStableFunc(matching, func(a, b archivedRow) int { return b.column.Compare(a.column) })
	return matching, nil
}

// object is what a list returns of a row.
func (r archivedRow) object() map[string]any {
	var startedAt any
	if !r.column.IsZero() {
		startedAt = r.column.UTC().Format(time.RFC3339)
	}
	return map[string]any{
		"metadata": map[string]any{
			"namespace": r.namespace, "name": r.name, "uid": r.uid, "labels": r.labels, "creationTimestamp": nil,
		},
		"spec":   map[string]any{"arguments": map[string]any{"parameters": []any{map[string]any{"name": "p", "value": strings.Repeat("x", r.padding)}}}},
		"status": map[string]any{"phase": r.phase, "startedAt": startedAt, "finishedAt": nil},
	}
}

// aRow is a row that started at a time, on a controller whose clock is that of UTC.
func aRow(i int, at time.Time) archivedRow {
	return archivedRow{
		namespace: "ma", name: fmt.Sprintf("wf-%d", i), uid: uidOf(i), phase: "Succeeded", column: at,
		startedAt: at.UTC().Format(time.RFC3339), labels: map[string]string{"number": strconv.Itoa(i)},
	}
}

func uidOf(i int) string { return fmt.Sprintf("6a2b5e8e-0000-4000-8000-%012d", i) }

func write(w http.ResponseWriter, object any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(object)
}

// refuse answers as Argo's gateway does.
func refuse(w http.ResponseWriter, status, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"code": code, "message": message})
}

// serve starts a server with one answer for everything.
func serve(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server
}

// clientOf returns a client of a server, with options that a test changes.
func clientOf(t *testing.T, url string, change ...func(*argoserver.Options)) *argoserver.Client {
	t.Helper()
	opts := argoserver.Options{URL: url, HTTP: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(opts.HTTP.CloseIdleConnections)
	for _, do := range change {
		do(&opts)
	}
	client, err := argoserver.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// listed returns the UIDs that a list yields, in order, and its error.
func listed(ctx context.Context, client *argoserver.Client, query workflow.HistoryQuery) (uids []types.UID, err error) {
	for u, err := range client.List(ctx, query) {
		if err != nil {
			return uids, err
		}
		uids = append(uids, u.GetUID())
	}
	return uids, nil
}

func sorted[T cmp.Ordered](of []T) []T { return slices.Sorted(slices.Values(of)) }
