package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// backfillState is what the demonstration reads of a backfill.
type backfillState struct {
	Session string
	Success bool
	Error   string
	Data    struct {
		Status struct {
			State string
			Gates struct{ Data []struct{ ID, Name string } }
			Pods  struct {
				Data struct{ Running, Desired int }
			}
			Shards struct {
				Success bool
				Data    struct {
					State            string
					Total, Completed int
					Percentage       float64
				}
			}
		}
	}
}

func (s *backfillState) String() string {
	if !s.Success {
		return "unknown: " + s.Error
	}
	st := s.Data.Status
	text := st.State
	for _, gate := range st.Gates.Data {
		text += ", waits at " + gate.Name
	}
	if st.Pods.Data.Desired > 0 {
		text += fmt.Sprintf(", %d of %d workers", st.Pods.Data.Running, st.Pods.Data.Desired)
	}
	if st.Shards.Data.Total > 0 {
		text += fmt.Sprintf(", %d of %d shards (%.0f %%)", st.Shards.Data.Completed, st.Shards.Data.Total, st.Shards.Data.Percentage)
	}
	return text
}

// event is one event of a stream.
type event struct{ name, data string }

// follow reads the stream of events until fn returns false, and distinguishes that from the
// stream's end.
func (st *stage) follow(ctx context.Context, fn func(event) bool) error {
	ctx, cancel := context.WithTimeout(ctx, 2*eventuallyWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, st.url+"/api/v1/events", http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // the error doesn't matter
	if resp.StatusCode != http.StatusOK {
		return &answerError{resp.StatusCode, "no stream"}
	}
	var e event
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 4<<20) // an event contains all steps of a workflow on one line
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "event":
			e.name = value
		case "data":
			e.data += value
		case "":
			if e.name != "" && !fn(e) {
				return nil
			}
			e = event{}
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return fmt.Errorf("the stream ended after %q", e.name)
}

// until follows the backfill until it is in the wanted state, and reports each change.
func (st *stage) until(ctx context.Context, say func(string), wanted func(*backfillState) bool) error {
	var failed error
	last := ""
	err := st.follow(ctx, func(e event) bool {
		if e.name != "status" {
			return true
		}
		var s backfillState
		if failed = json.Unmarshal([]byte(e.data), &s); failed != nil {
			return false
		}
		if text := s.String(); text != last {
			last = text
			say(text)
		}
		return !wanted(&s)
	})
	if failed != nil {
		return failed
	}
	return err
}
