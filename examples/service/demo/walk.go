package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

const address = "/api/v1/backfills/" + session

// walk does what a person would, and stops at the first step that fails.
func walk(ctx context.Context, st *stage, out io.Writer) error {
	steps := []struct {
		what string
		do   func(context.Context, *stage, func(string)) error
	}{
		{"It is ready, and has one backfill, which is not started", atFirst},
		{"Start it. It sets up, and then waits at a gate", start},
		{"Another site's page can't approve", crossSite},
		{"Approve, and follow it while it loads", approve},
		{"Scale it up", scale},
		{"The service is terminated: it announces that on the stream and ends, and the next one continues", restart},
		{"Follow it to its end", toTheEnd},
		{"Its metrics say the same", measured},
		{"An ended backfill can't be paused, and the service says so", ended},
		{"Its workflow is deleted, as by a ttlStrategy: the service still knows how it ended, and who let it pass", deleted},
	}
	for i, step := range steps {
		fmt.Fprintf(out, "\n=== %d. %s\n", i+1, step.what)
		if err := step.do(ctx, st, func(text string) { fmt.Fprintln(out, " ", status.Printable(text)) }); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	fmt.Fprintf(out, "\nall %d steps succeeded\n", len(steps))
	return nil
}

func atFirst(ctx context.Context, st *stage, say func(string)) error {
	var all struct{ Backfills []*backfillState }
	if err := st.get(ctx, "/api/v1/backfills", &all); err != nil {
		return err
	}
	if len(all.Backfills) != 1 || all.Backfills[0].Data.Status.State != "NotStarted" {
		return fmt.Errorf("%+v", all)
	}
	say(session + ": " + all.Backfills[0].String())
	return nil
}

func start(ctx context.Context, st *stage, say func(string)) error {
	if err := st.request(ctx, http.MethodPost, address+"/start", nil, nil, nil); err != nil {
		return err
	}
	return st.until(ctx, say, func(s *backfillState) bool {
		gates := s.Data.Status.Gates.Data
		return s.Data.Status.State == "Paused" && len(gates) == 1 && gates[0].Name == "approve"
	})
}

func crossSite(ctx context.Context, st *stage, say func(string)) error {
	header := http.Header{"Origin": {"https://elsewhere.example"}}
	return refused(st.request(ctx, http.MethodPost, address+"/gates/approve", header, map[string]any{"all": true}, nil),
		http.StatusForbidden, say)
}

func approve(ctx context.Context, st *stage, say func(string)) error {
	var decided struct{ Gates []struct{ Name string } }
	err := st.request(ctx, http.MethodPost, address+"/gates/approve", nil,
		map[string]any{"gates": []string{"approve"}, "outputs": map[string]any{"approved-by": "demo"}}, &decided)
	if err != nil {
		return err
	}
	if len(decided.Gates) != 1 {
		return fmt.Errorf("decided: %+v", decided)
	}
	return st.until(ctx, say, func(s *backfillState) bool {
		return s.Data.Status.State == "Running" && s.Data.Status.Shards.Data.Completed > 0
	})
}

func scale(ctx context.Context, st *stage, say func(string)) error {
	if err := st.request(ctx, http.MethodPut, address+"/scale", nil, map[string]any{"workers": 8}, nil); err != nil {
		return err
	}
	return st.until(ctx, say, func(s *backfillState) bool { return s.Data.Status.Pods.Data.Running == 8 })
}

// restart replaces the service's process with another one.
func restart(ctx context.Context, st *stage, say func(string)) error {
	asked, bye := false, false
	var failed error
	err := st.follow(ctx, func(e event) bool {
		if !asked { // the stream is open
			asked = true
			failed = st.web.terminate()
		}
		bye = e.name == "bye"
		return failed == nil && !bye
	})
	if err := errors.Join(failed, err, st.web.wait()); err != nil {
		return err
	}
	say("bye")
	if err := st.startService(ctx); err != nil {
		return err
	}
	return st.until(ctx, say, func(s *backfillState) bool { return s.Data.Status.Shards.Data.Completed > 0 })
}

func toTheEnd(ctx context.Context, st *stage, say func(string)) error {
	return st.until(ctx, say, func(s *backfillState) bool {
		shards := s.Data.Status.Shards.Data
		return s.Data.Status.State == "Succeeded" && shards.Completed == 100 && shards.Total == 100
	})
}

func measured(ctx context.Context, st *stage, say func(string)) error {
	series := fmt.Sprintf(`argoservice_backfill_completed_ratio{backfill=%q} 1`, session)
	return eventually(ctx, "there is "+series, func() error {
		text, err := st.scrape(ctx)
		if err != nil {
			return err
		}
		if !strings.Contains(text, "\n"+series+"\n") {
			return errors.New(text)
		}
		say(series)
		return nil
	})
}

func ended(ctx context.Context, st *stage, say func(string)) error {
	return refused(st.request(ctx, http.MethodPost, address+"/pause", nil, nil, nil), http.StatusConflict, say)
}

// refused checks that a request was refused with a problem.
func refused(err error, code int, say func(string)) error {
	var answer *answerError
	if !errors.As(err, &answer) || answer.code != code {
		return fmt.Errorf("%w; wanted %d", err, code)
	}
	var problem struct{ Title, Detail, Reason string }
	if err := json.Unmarshal([]byte(answer.text), &problem); err != nil {
		return err
	}
	say(fmt.Sprintf("%d %s: %s (%s)", code, problem.Title, problem.Detail, problem.Reason))
	return nil
}

func deleted(ctx context.Context, st *stage, say func(string)) error {
	client, err := dynamic.NewForConfig(st.admin)
	if err != nil {
		return err
	}
	workflows := client.Resource(schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "workflows"}).Namespace(namespace)
	if err := workflows.Delete(ctx, "backfill-"+session, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return eventually(ctx, "it is known from the journal", func() error {
		var list struct {
			Past []struct {
				Session, State, Source string
				Decisions              struct {
					Data struct {
						Made []struct {
							Verb  string
							Gates []string
						}
					}
				}
			}
		}
		if err := st.get(ctx, "/api/v1/past", &list); err != nil {
			return err
		}
		if len(list.Past) != 1 || list.Past[0].State != "Succeeded" || list.Past[0].Source != "history" || len(list.Past[0].Decisions.Data.Made) != 1 {
			return fmt.Errorf("%+v", list)
		}
		say(fmt.Sprintf("%+v", list.Past[0]))
		return nil
	})
}
