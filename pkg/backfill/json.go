package backfill

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The JSON of a [Status] is bounded, since its values are written by others: entries of a list,
// bytes of a name and of a message.
const maxListed, maxName, maxMessage = 100, 256, 1000

type statusJSON struct {
	Session  string                           `json:"session"`
	State    State                            `json:"state"`
	Run      int                              `json:"run,omitempty"`
	Workflow workflowJSON                     `json:"workflow"`
	Gates    workflow.Result[[]workflow.Gate] `json:"gates"`
	Failed   workflow.Result[[]failedJSON]    `json:"failed"`
	Pods     workflow.Result[Pods]            `json:"pods"`
	Shards   workflow.Result[Shards]          `json:"shards"`

	FailedDocuments workflow.Result[FailedDocuments] `json:"failedDocuments"`

	More leftOutJSON `json:"more,omitzero"`
}

// leftOutJSON has the numbers of entries that are not in a list.
type leftOutJSON struct {
	Gates  int `json:"gates,omitempty"`
	Failed int `json:"failed,omitempty"`
}

type workflowJSON struct {
	Namespace string         `json:"namespace"`
	Name      string         `json:"name,omitempty"`
	UID       string         `json:"uid,omitempty"`
	Outcome   status.Outcome `json:"outcome,omitempty"`
	Source    status.Source  `json:"source,omitempty"` // "history": it is no longer in the cluster
	Message   string         `json:"message,omitempty"`
	Started   time.Time      `json:"started,omitzero"`
	Finished  time.Time      `json:"finished,omitzero"`
	Done      int64          `json:"stepsDone"`
	Total     int64          `json:"stepsTotal"`
}

type failedJSON struct {
	Name    string `json:"name"`
	Phase   string `json:"phase"`
	Message string `json:"message,omitempty"`
}

// MarshalJSON implements [json.Marshaler], for programs and web pages. Its parts are written as
// [workflow.Result] does; the workflow is a summary without parameters. Lists have their first 100
// entries, and "more" has the number of the others. Messages are truncated to 1,000 bytes, names to
// 256, and gates as in [workflow.Gate.MarshalJSON].
func (s Status) MarshalJSON() ([]byte, error) {
	form := statusJSON{
		Session: s.Session, State: s.State, Run: s.Run, Gates: s.Gates, Pods: s.Pods, Shards: s.Shards,
		FailedDocuments: s.FailedDocuments,
		Failed:          workflow.Result[[]failedJSON]{Data: []failedJSON{}, Err: s.Failed.Err},
	}
	if form.Gates.Data == nil {
		form.Gates.Data = []workflow.Gate{}
	}
	form.FailedDocuments.Data.Place = cut(s.FailedDocuments.Data.Place, maxMessage)
	form.Gates.Data, form.More.Gates = first(form.Gates.Data)
	failed, more := first(s.Failed.Data)
	form.More.Failed = more
	for _, n := range failed {
		form.Failed.Data = append(form.Failed.Data, failedJSON{
			Name: cut(n.DisplayName, maxName), Phase: cut(string(n.Phase), maxName), Message: cut(n.Message, maxMessage),
		})
	}
	if w := s.Workflow; w != nil {
		form.Workflow = workflowJSON{
			Namespace: w.Namespace, Name: w.Name, UID: string(w.UID), Message: cut(w.Message, maxMessage),
			Started: w.StartTime, Finished: w.EndTime, Done: w.Progress.Done, Total: w.Progress.Total,
		}
		if w.UID != "" {
			form.Workflow.Outcome, form.Workflow.Source = w.Outcome(), w.Source
		}
	}
	return json.Marshal(form)
}

// first returns the first entries of a list, and the number of the others.
func first[T any](all []T) (shown []T, more int) {
	shown = all[:min(len(all), maxListed)]
	return shown, len(all) - len(shown)
}

// cut truncates text to that many bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
