package argoserver_test

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argoserver"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// Rows come and go before every request; some seconds have more rows than a page.
func TestListWhileRowsComeAndGo(t *testing.T) {
	var stay, others []archivedRow
	for i := range 700 {
		at := noon.Add(-time.Duration(rand.IntN(60))*time.Second + time.Duration(rand.IntN(1e6))*time.Microsecond)
		if i < 300 {
			at = noon.Add(-30*time.Second + time.Duration(rand.IntN(3)*333)*time.Millisecond)
		}
		if i%3 != 0 {
			stay = append(stay, aRow(i, at))
		} else {
			others = append(others, aRow(i, at))
		}
	}
	d := newDouble(t, slices.Concat(stay, others)...)
	d.before = func(d *double, r *http.Request) {
		if r.URL.Query().Get("listOptions.limit") == "" {
			return
		}
		kept := slices.Clone(stay)
		for _, row := range others {
			if rand.IntN(2) == 0 {
				kept = append(kept, row)
			}
		}
		for i := range 150 { // newer than all that is read
			kept = append(kept, aRow(len(d.requests)*1000+i, noon.Add(time.Hour+time.Duration(len(d.requests))*time.Second)))
		}
		d.rows = kept
	}
	client := clientOf(t, d.URL)
	var got []string
	last := noon.Add(2 * time.Hour)
	for u, err := range client.List(t.Context(), workflow.HistoryQuery{Namespace: "ma"}) {
		if err != nil {
			t.Fatal(err)
		}
		startedAt := startedAt(t, u.Object)
		if startedAt.After(last) {
			t.Fatalf("%s started %v, after the one before it", u.GetName(), startedAt)
		}
		last = startedAt
		got = append(got, string(u.GetUID()))
	}
	if unique := slices.Compact(sorted(got)); len(unique) != len(got) {
		t.Errorf("%d of %d were repeated", len(got)-len(unique), len(got))
	}
	for _, row := range stay {
		if !slices.Contains(got, row.uid) {
			t.Errorf("%s was skipped", row.name)
		}
	}
	if len(got) < len(stay) || d.count() < len(got)+5 {
		t.Errorf("%d workflows with %d requests", len(got), d.count())
	}
}

func startedAt(t *testing.T, object map[string]any) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, object["status"].(map[string]any)["startedAt"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// What did not start has no time.
func TestListOfWhatDidNotStart(t *testing.T) {
	var rows []archivedRow
	for i := range 250 {
		row := aRow(i, time.Time{})
		row.startedAt = ""
		rows = append(rows, row)
	}
	d := newDouble(t, append(rows, aRow(1000, noon))...)
	got, err := listed(t.Context(), clientOf(t, d.URL), workflow.HistoryQuery{Namespace: "ma"})
	if err != nil || len(got) != 251 || got[0] != types.UID(uidOf(1000)) {
		t.Errorf("%d, %v", len(got), err)
	}
}

// A page with too large arguments is read in smaller ones, and one workflow that is too large is an error.
func TestListOfLargeWorkflows(t *testing.T) {
	var rows []archivedRow
	for i := range 60 {
		row := aRow(i, noon.Add(-time.Duration(i)*time.Second))
		row.padding = 20 << 10
		rows = append(rows, row)
	}
	d := newDouble(t, rows...)
	small := func(o *argoserver.Options) { o.MaxSize = 100 << 10 }
	got, err := listed(t.Context(), clientOf(t, d.URL, small), workflow.HistoryQuery{Namespace: "ma"})
	if err != nil || len(got) != 60 {
		t.Errorf("%d, %v", len(got), err)
	}
	d.change(func(d *double) { d.rows[30].padding = 200 << 10 })
	got, err = listed(t.Context(), clientOf(t, d.URL, small), workflow.HistoryQuery{Namespace: "ma"})
	if !errors.Is(err, workflow.ErrHistory) || !strings.Contains(err.Error(), "limit of 102400 bytes; see Options.MaxSize") || len(got) > 30 {
		t.Errorf("%d, %v", len(got), err)
	}
}

// The controller's clock is nine hours ahead. Limits are those of the JSON, and exclusive.
func TestListSelects(t *testing.T) {
	const hours = 9
	var rows []archivedRow
	for i := range 10 {
		at := noon.Add(-time.Duration(i) * time.Minute)
		row := aRow(i, at.Add(hours*time.Hour))
		row.startedAt = at.Format(time.RFC3339)
		row.labels["odd"] = strconv.Itoa(i % 2)
		row.phase = map[bool]string{true: "Failed", false: "Succeeded"}[i == 4]
		rows = append(rows, row)
	}
	rows[9].labels["number"] = "none"
	rows[8].namespace = "other"
	d := newDouble(t, rows...)
	client := clientOf(t, d.URL)
	minutes := func(i int) time.Time { return noon.Add(-time.Duration(i) * time.Minute) }
	selector := func(text string) labels.Selector {
		parsed, err := labels.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	for name, next := range map[string]struct {
		query workflow.HistoryQuery
		want  []int
	}{
		"everything":       {query: workflow.HistoryQuery{}, want: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		"a namespace":      {query: workflow.HistoryQuery{Namespace: "other"}, want: []int{8}},
		"after":            {query: workflow.HistoryQuery{StartedAfter: minutes(3)}, want: []int{0, 1, 2}},
		"before":           {query: workflow.HistoryQuery{StartedBefore: minutes(6)}, want: []int{7, 8, 9}},
		"between":          {query: workflow.HistoryQuery{StartedAfter: minutes(5), StartedBefore: minutes(2)}, want: []int{3, 4}},
		"phases":           {query: workflow.HistoryQuery{Phases: []status.Phase{status.PhaseFailed, status.PhaseError}}, want: []int{4}},
		"equal":            {query: workflow.HistoryQuery{Selector: selector("number=3")}, want: []int{3}},
		"in and not equal": {query: workflow.HistoryQuery{Selector: selector("number in (1,2,3),odd!=0")}, want: []int{1, 3}},
		"absent":           {query: workflow.HistoryQuery{Selector: selector("!number")}},
		"numbers":          {query: workflow.HistoryQuery{Selector: selector("number>5,number<8")}, want: []int{6, 7}},
		"nothing":          {query: workflow.HistoryQuery{Selector: labels.Nothing()}},
		"everything by labels": {
			query: workflow.HistoryQuery{Selector: labels.Everything(), Namespace: "ma"}, want: []int{0, 1, 2, 3, 4, 5, 6, 7, 9},
		},
	} {
		got, err := listed(t.Context(), client, next.query)
		var want []types.UID
		for _, i := range next.want {
			want = append(want, types.UID(uidOf(i)))
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for _, r := range d.requests {
		if s := r.URL.Query().Get("listOptions.labelSelector"); strings.ContainsAny(s, "<>") {
			t.Errorf("the server was asked to compare numbers: %s", s)
		}
	}
}

// A start with a new key costs one request.
func TestLookUpOfAKey(t *testing.T) {
	d := newDouble(t, aRow(1, noon))
	client := clientOf(t, d.URL)
	query := workflow.HistoryQuery{Namespace: "ma", Selector: labels.SelectorFromSet(labels.Set{"argoservice.opensearch.org/idempotency-key": "k"})}
	for _, want := range []int{2, 1, 1} { // the first one also asks whether there is an archive
		before := d.count()
		if got, err := listed(t.Context(), client, query); err != nil || len(got) != 0 {
			t.Fatalf("%v, %v", got, err)
		}
		if sent := d.count() - before; sent != want {
			t.Errorf("%d requests instead of %d", sent, want)
		}
	}
}

// A server without persistence answers lists as if the archive was empty.
func TestNoArchiveIsNotAnEmptyOne(t *testing.T) {
	d := newDouble(t)
	d.noArchive = true
	client := clientOf(t, d.URL)
	for range 2 {
		_, err := listed(t.Context(), client, workflow.HistoryQuery{Namespace: "ma"})
		_, byName := client.ByName(t.Context(), "ma", "a")
		_, byUID := client.ByUID(t.Context(), "ma", "1")
		for _, err := range []error{err, byName, byUID} {
			var typed *argoserver.Error
			if !errors.As(err, &typed) || typed.Transient() || !errors.Is(err, workflow.ErrHistory) || errors.Is(err, workflow.ErrNotFound) ||
				!strings.Contains(err.Error(), "the Argo server has no archive") {
				t.Errorf("%v", err)
			}
		}
	}
}

func TestByName(t *testing.T) {
	older, newer, foreign := aRow(1, noon), aRow(2, noon.Add(time.Second)), aRow(3, noon.Add(time.Hour))
	older.name, newer.name, foreign.name, foreign.namespace = "again", "again", "again", "other"
	d := newDouble(t, older, foreign, newer)
	client := clientOf(t, d.URL)
	u, err := client.ByName(t.Context(), "ma", "again")
	if err != nil || string(u.GetUID()) != newer.uid || u.GetKind() != "Workflow" {
		t.Errorf("%v, %v", u, err)
	}
	if _, err := client.ByName(t.Context(), "ma", "absent"); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("%v", err)
	}
	many := newDouble(t)
	for i := range 25 {
		row := aRow(100+i, noon.Add(time.Duration(i)*time.Second))
		row.name = "again"
		many.rows = append(many.rows, row)
	}
	if u, err := clientOf(t, many.URL).ByName(t.Context(), "ma", "again"); err != nil || string(u.GetUID()) != uidOf(124) {
		t.Errorf("%v, %v", u, err)
	}
	// One that is deleted between the two requests is not the answer.
	d.change(func(d *double) {
		d.before = func(d *double, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, newer.uid) {
				d.rows = []archivedRow{older}
			}
		}
	})
	if u, err := client.ByName(t.Context(), "ma", "again"); err != nil || string(u.GetUID()) != older.uid {
		t.Errorf("%v, %v", u, err)
	}
}

func TestByUID(t *testing.T) {
	d := newDouble(t, aRow(1, noon))
	client := clientOf(t, d.URL+"/")
	u, err := client.ByUID(t.Context(), "ma", types.UID(uidOf(1)))
	if err != nil || u.GetName() != "wf-1" || u.GetAPIVersion() != "argoproj.io/v1alpha1" {
		t.Errorf("%v, %v", u, err)
	}
	for namespace, uid := range map[string]types.UID{"ma": types.UID(uidOf(2)), "other": types.UID(uidOf(1))} {
		if _, err := client.ByUID(t.Context(), namespace, uid); !errors.Is(err, workflow.ErrNotFound) || errors.Is(err, workflow.ErrHistory) {
			t.Errorf("%s: %v", namespace, err)
		}
	}
}

// An outage after the first workflow is waited for; before it, the caller decides.
func TestListGoesOnAfterAnOutage(t *testing.T) {
	var rows []archivedRow
	for i := range 150 {
		rows = append(rows, aRow(i, noon.Add(-time.Duration(i)*time.Second)))
	}
	d := newDouble(t, rows...)
	var requests atomic.Int32
	down := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n := requests.Add(1); n > 2 && n%40 < 2 {
			refuse(w, http.StatusServiceUnavailable, 14, "shutting down")
			return
		}
		d.Config.Handler.ServeHTTP(w, r)
	})
	got, err := listed(t.Context(), clientOf(t, down.URL), workflow.HistoryQuery{Namespace: "ma"})
	if err != nil || len(got) != 150 {
		t.Errorf("%d, %v", len(got), err)
	}
	always := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusServiceUnavailable, 14, "shutting down")
	})
	_, err = listed(t.Context(), clientOf(t, always.URL), workflow.HistoryQuery{Namespace: "ma"})
	var typed *argoserver.Error
	if !errors.As(err, &typed) || !typed.Transient() || typed.Status != http.StatusServiceUnavailable {
		t.Errorf("%v", err)
	}
}
