package backfill

import (
	"encoding/json"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

type statusJSON struct {
	Session  string                        `json:"session"`
	State    State                         `json:"state"`
	Run      int                           `json:"run,omitempty"`
	Workflow workflowJSON                  `json:"workflow"`
	Gates    workflow.Result[[]Gate]       `json:"gates"`
	Failed   workflow.Result[[]failedJSON] `json:"failed"`
	Pods     workflow.Result[Pods]         `json:"pods"`
	Shards   workflow.Result[Shards]       `json:"shards"`
}

type workflowJSON struct {
	Namespace string         `json:"namespace"`
	Name      string         `json:"name,omitempty"`
	UID       string         `json:"uid,omitempty"`
	Outcome   status.Outcome `json:"outcome,omitempty"`
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

// MarshalJSON implements [json.Marshaler], for programs and web pages: the parts as
// [workflow.Result] writes them, and of the workflow what a person asks for, without its parameters.
func (s Status) MarshalJSON() ([]byte, error) {
	form := statusJSON{
		Session: s.Session, State: s.State, Run: s.Run, Gates: s.Gates, Pods: s.Pods, Shards: s.Shards,
		Failed: workflow.Result[[]failedJSON]{Data: []failedJSON{}, Err: s.Failed.Err},
	}
	if form.Gates.Data == nil {
		form.Gates.Data = []Gate{}
	}
	for _, n := range s.Failed.Data {
		form.Failed.Data = append(form.Failed.Data, failedJSON{Name: n.DisplayName, Phase: string(n.Phase), Message: n.Message})
	}
	if w := s.Workflow; w != nil {
		form.Workflow = workflowJSON{
			Namespace: w.Namespace, Name: w.Name, UID: string(w.UID), Message: w.Message,
			Started: w.StartTime, Finished: w.EndTime, Done: w.Progress.Done, Total: w.Progress.Total,
		}
		if w.UID != "" {
			form.Workflow.Outcome = w.Outcome()
		}
	}
	return json.Marshal(form)
}
