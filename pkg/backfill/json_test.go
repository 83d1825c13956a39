package backfill

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The JSON of a status is short, whatever other clients have written into the workflow, and says
// what it omits.
func TestStatusJSONIsBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	st := &Status{Workflow: &status.WorkflowStatus{Message: long}}
	const count = 150
	for i := range count {
		st.Failed.Data = append(st.Failed.Data, &status.Node{DisplayName: long, Phase: status.NodePhase(long), Message: long})
		gate := workflow.Gate{ID: long, Name: long, Message: long, Outputs: []workflow.GateOutput{{Name: "by"}}}
		if i > 0 {
			gate.Outputs = []workflow.GateOutput{{Name: "by", Default: &long, Enum: []string{long}}}
		}
		st.Gates.Data = append(st.Gates.Data, gate)
	}
	text, err := json.Marshal(st)
	if err != nil || len(text) > 1<<20 {
		t.Fatalf("%v, %d bytes", err, len(text))
	}
	var read struct {
		Gates struct {
			Data []struct {
				ID, Name, Message string
				Outputs           []workflow.GateOutput
				OutputsLeftOut    bool
			}
		}
		Failed struct{ Data []json.RawMessage }
		More   struct{ Gates, Failed int }
	}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Gates.Data) != maxListed || len(read.Failed.Data) != maxListed || read.More.Gates != count-maxListed || read.More.Failed != count-maxListed {
		t.Errorf("%d gates, %d failed, %+v", len(read.Gates.Data), len(read.Failed.Data), read.More)
	}
	for i, g := range read.Gates.Data[:2] {
		if len(g.Message) != maxMessage+len("…") || len(g.ID) != maxName+len("…") || g.OutputsLeftOut != (i > 0) || len(g.Outputs) == 0 != (i > 0) {
			t.Errorf("gate %d: %t, %v", i, g.OutputsLeftOut, g.Outputs)
		}
	}
}
