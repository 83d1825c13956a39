package opensearch

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// Counts implements [backfill.WorkingState]. It sends one request. Writes of the last second may
// not be counted yet, since the index is not refreshed.
func (w *WorkingState) Counts(ctx context.Context, index string, now time.Time) (backfill.Counts, error) {
	c := w.call()
	counts, err := c.counts(ctx, index, now)
	if err != nil {
		return backfill.Counts{}, c.failed(err, OpCounts, index)
	}
	return counts, nil
}

func (c *cluster) counts(ctx context.Context, index string, now time.Time) (backfill.Counts, error) {
	if err := checkIndex(index); err != nil {
		return backfill.Counts{}, err
	}
	body, err := countsBody(now)
	if err != nil {
		return backfill.Counts{}, err
	}
	var answer countsAnswer
	err = c.send(ctx, call{method: http.MethodPost, path: "/" + index + "/_msearch", body: body, lines: true, read: true}, &answer)
	if err != nil {
		return backfill.Counts{}, err
	}
	return readCounts(answer.Responses)
}

// countsAnswer is the answer to the searches of Counts.
type countsAnswer struct {
	Responses responses `json:"responses"`
}

func (a *countsAnswer) check() error {
	if len(a.Responses) != searches {
		return fmt.Errorf("the answer has %d searches instead of %d", len(a.Responses), searches)
	}
	for i := range a.Responses {
		if err := a.Responses[i].check(); err != nil {
			return err
		}
	}
	return nil
}

func readCounts(answers []searchAnswer) (backfill.Counts, error) {
	total := func(search int) int64 { return answers[search].Hits.Total.Value }
	counts := backfill.Counts{
		Total: total(totalSearch), Completed: total(completedSearch), Incomplete: total(incompleteSearch),
		InProgress: total(inProgressSearch), Unclaimed: total(unclaimedSearch),
	}
	if hits := answers[layoutSearch].Hits.Hits; len(hits) > 0 {
		var document struct {
			CompletedAt *float64 `json:"completedAt"`
		}
		if err := json.Unmarshal(hits[0].Source, &document); err != nil {
			return backfill.Counts{}, fmt.Errorf("document %s can't be decoded: %w", layout, err)
		}
		counts.LaidOutAt = seconds(document.CompletedAt)
	}
	last := answers[lastCompletedSearch].Aggregations.LastCompleted
	if last == nil {
		return backfill.Counts{}, fmt.Errorf("the answer doesn't say when the last item was completed")
	}
	counts.LastCompletedAt = seconds(last.Value)
	return counts, nil
}

// seconds converts seconds since 1970; nil is the zero time.
func seconds(s *float64) time.Time {
	if s == nil {
		return time.Time{}
	}
	whole, part := math.Modf(*s)
	return time.Unix(int64(whole), int64(part*float64(time.Second))).UTC()
}
