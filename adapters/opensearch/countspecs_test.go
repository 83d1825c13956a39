package opensearch_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

const nowSeconds = 1_764_100_000

var now = time.Unix(nowSeconds, 999_999_999) // a lease has whole seconds

func at(s int64) time.Time { return time.Unix(s, 0).UTC() }

func (p *place) counts(t *testing.T) backfill.Counts {
	t.Helper()
	counts, err := p.state.Counts(t.Context(), p.index, now)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func countsOfTheReference(t *testing.T, p *place) {
	documents := map[string]document{
		"shard_setup": {"expiration": 0, "completedAt": nowSeconds - 5000, "leaseHolderId": "w"},
		"split__0__0": {"expiration": nowSeconds - 10, "completedAt": nowSeconds - 1, "successor_items": "split__0__9"},
		"split__0__9": {"expiration": nowSeconds + 3600},
	}
	for shard := range 2 {
		for i := range 5 {
			documents[fmt.Sprintf("completed%d__%d__0", i, shard)] = document{"expiration": nowSeconds - 50, "completedAt": nowSeconds - 100 + 10*int64(i)}
		}
		for i := range 3 {
			documents[fmt.Sprintf("running%d__%d__0", i, shard)] = document{"expiration": nowSeconds + 3600, "leaseHolderId": "w"}
		}
		for i := range 2 {
			documents[fmt.Sprintf("waiting%d__%d__0", i, shard)] = document{"expiration": nowSeconds - 3600}
		}
	}
	p.write(t, documents, true)
	want := backfill.Counts{
		LaidOutAt: at(nowSeconds - 5000), Total: 21, Completed: 10, InProgress: 7, Unclaimed: 4, Incomplete: 11,
		LastCompletedAt: at(nowSeconds - 60),
	}
	if got := p.counts(t); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Each of these counts differs if one clause of a query is missing.
func eachClauseOfTheCounts(t *testing.T, p *place) {
	if _, err := p.state.Counts(t.Context(), p.index, now); !errors.Is(err, backfill.ErrNoWorkingState) {
		t.Errorf("%v", err)
	}
	for name, c := range map[string]struct {
		id     string
		source document
		want   backfill.Counts
	}{
		"the layout, done, is not an item": {"shard_setup", document{"completedAt": 7, "expiration": nowSeconds + 1},
			backfill.Counts{LaidOutAt: at(7)}},
		"the layout, leased, is not an item":              {"shard_setup", document{"expiration": nowSeconds + 1}, backfill.Counts{}},
		"the layout, whose lease ran out, is not an item": {"shard_setup", document{"expiration": 1}, backfill.Counts{}},
		"the layout without fields is not an item":        {"shard_setup", document{"creatorId": "w"}, backfill.Counts{}},
		"neither field":                        {"a__0__0", document{"creatorId": "w"}, backfill.Counts{Total: 1, Incomplete: 1}},
		"a lease that ends now":                {"a__0__0", document{"expiration": nowSeconds}, backfill.Counts{Total: 1, Incomplete: 1, InProgress: 1}},
		"a lease that ends in a second":        {"a__0__0", document{"expiration": nowSeconds + 1}, backfill.Counts{Total: 1, Incomplete: 1, InProgress: 1}},
		"a lease that ended a second ago":      {"a__0__0", document{"expiration": nowSeconds - 1}, backfill.Counts{Total: 1, Incomplete: 1, Unclaimed: 1}},
		"never taken, as workers lay it out":   {"a__0__0", document{"expiration": 0}, backfill.Counts{Total: 1, Incomplete: 1, Unclaimed: 1}},
		"completed, with a lease still":        {"a__0__0", document{"expiration": nowSeconds + 9, "completedAt": 5}, backfill.Counts{Total: 1, Completed: 1, LastCompletedAt: at(5)}},
		"completed, with a lease that ran out": {"a__0__0", document{"expiration": 1, "completedAt": 5}, backfill.Counts{Total: 1, Completed: 1, LastCompletedAt: at(5)}},
		"completed, without a lease":           {"a__0__0", document{"completedAt": 5}, backfill.Counts{Total: 1, Completed: 1, LastCompletedAt: at(5)}},
		"split up and completed":               {"a__0__0", document{"completedAt": 5, "successor_items": "b"}, backfill.Counts{}},
		"split up and not completed yet":       {"a__0__0", document{"expiration": nowSeconds + 9, "successor_items": "b"}, backfill.Counts{Incomplete: 1, InProgress: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			p.write(t, map[string]document{c.id: c.source}, true)
			if got := p.counts(t); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			if err := p.state.Delete(t.Context(), p.index); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func manyItems(t *testing.T, p *place) {
	const each = 10_003
	documents := map[string]document{}
	for i := range each {
		documents[fmt.Sprintf("a__%d__0", i)] = document{"expiration": nowSeconds - 1, "completedAt": nowSeconds - int64(i)}
		documents[fmt.Sprintf("b__%d__0", i)] = document{"expiration": nowSeconds + 1}
		documents[fmt.Sprintf("c__%d__0", i)] = document{"expiration": nowSeconds - 1}
	}
	p.write(t, documents, true)
	want := backfill.Counts{Total: 3 * each, Completed: each, InProgress: each, Unclaimed: each, Incomplete: 2 * each, LastCompletedAt: at(nowSeconds)}
	if got := p.counts(t); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if size, err := p.state.Size(t.Context(), p.index); err != nil || size != 3*each {
		t.Errorf("%d, %v", size, err)
	}
	if got := len(p.read(t)); got != 3*each {
		t.Errorf("%d documents", got)
	}
}
