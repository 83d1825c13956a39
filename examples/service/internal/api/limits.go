package api

import (
	"unicode/utf8"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Limits for strings and lists in an answer that come from elsewhere: from those who write
// workflows, their pods, or the target cluster. Bytes are those of the answer, where a control
// character takes six.
const (
	maxName    = 256
	maxMessage = 1000
	maxDetail  = 4000
	// maxListed limits the gates, failed steps and problems in a list.
	maxListed = 100
	// maxOutputs is for all outputs of a gate.
	maxOutputs = 4 << 10
)

const outputsLeftOut = "(The gate's outputs are too long to be shown.)"

// cut truncates a string to that many bytes of an answer.
func cut(text string, most int) string {
	for at, r := range text {
		if most -= sizeInJSON(r); most < 0 {
			return text[:at] + "…"
		}
	}
	return text
}

// sizeInJSON returns the bytes that a character takes as [json.Marshal] writes it.
func sizeInJSON(r rune) int {
	const escaped = len(`\u0000`)
	switch {
	case r == '"', r == '\\':
		return len(`\"`)
	case r < ' ', r == '<', r == '>', r == '&', r == '\u2028', r == '\u2029', r == utf8.RuneError:
		return escaped
	}
	return utf8.RuneLen(r)
}

// sizeOf returns the bytes of an answer that a string takes. It stops counting beyond most.
func sizeOf(text string, most int) int {
	size := 0
	for _, r := range text {
		if size += sizeInJSON(r); size > most {
			break
		}
	}
	return size
}

// leftOut counts the items that lists leave out.
type leftOut struct {
	Gates  int `json:"gates,omitempty"`
	Failed int `json:"failed,omitempty"`
}

// bounded limits a status for an answer.
func bounded(st *backfill.Status) (*backfill.Status, leftOut) {
	short, more := *st, leftOut{}
	short.Gates.Err, short.Failed.Err = shortError(st.Gates.Err), shortError(st.Failed.Err)
	short.Pods.Err, short.Shards.Err = shortError(st.Pods.Err), shortError(st.Shards.Err)
	short.FailedDocuments.Err = shortError(st.FailedDocuments.Err)
	short.Gates.Data, more.Gates = shownGates(st.Gates.Data)
	short.Failed.Data, more.Failed = shownFailed(st.Failed.Data)
	w := *st.Workflow
	w.Message = cut(w.Message, maxMessage)
	short.Workflow = &w
	return &short, more
}

// shownGates returns the first gates, and the number of the others.
func shownGates(gates []workflow.Gate) (shown []workflow.Gate, more int) {
	shown = make([]workflow.Gate, 0, min(len(gates), maxListed))
	for _, g := range gates[:min(len(gates), maxListed)] {
		g.ID, g.Name, g.Message = cut(g.ID, maxName), cut(g.Name, maxName), cut(g.Message, maxMessage)
		if sizeOfOutputs(g.Outputs) > maxOutputs { // don't send a part as if it were complete
			g.Outputs = nil
			g.Message += outputsLeftOut
		}
		shown = append(shown, g)
	}
	return shown, len(gates) - len(shown)
}

// sizeOfOutputs returns the bytes that they take. It stops counting beyond maxOutputs.
func sizeOfOutputs(outputs []workflow.GateOutput) int {
	const names = len(`{"name":"","description":"","default":"","enum":[]},`)
	size := 0
	for _, o := range outputs {
		size += names
		values := append([]string{o.Name, o.Description}, o.Enum...)
		if o.Default != nil {
			values = append(values, *o.Default)
		}
		for _, value := range values {
			if size += len(`"",`) + sizeOf(value, maxOutputs); size > maxOutputs {
				return size
			}
		}
	}
	return size
}

func shownFailed(nodes []*status.Node) (shown []*status.Node, more int) {
	for _, n := range nodes[:min(len(nodes), maxListed)] {
		shown = append(shown, &status.Node{
			DisplayName: cut(n.DisplayName, maxName), Phase: status.NodePhase(cut(string(n.Phase), maxName)), Message: cut(n.Message, maxMessage),
		})
	}
	return shown, len(nodes) - len(shown)
}

// shortError limits the message of an error; nil stays nil.
func shortError(err error) error {
	if err == nil {
		return nil
	}
	return &shortened{err}
}

type shortened struct{ err error }

func (e *shortened) Error() string { return cut(e.err.Error(), maxDetail) }
func (e *shortened) Unwrap() error { return e.err }

// shownProblems returns the first problems of a request.
func shownProblems(invalid *workflow.InvalidError) (shown []fieldProblem, more int) {
	for _, each := range invalid.Problems[:min(len(invalid.Problems), maxListed)] {
		shown = append(shown, fieldProblem{cut(each.Field, maxName), cut(each.ErrorBody(), maxMessage)})
	}
	return shown, len(invalid.Problems) - len(shown)
}
