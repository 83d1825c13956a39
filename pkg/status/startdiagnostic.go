package status

import (
	"fmt"
	"slices"
	"time"
)

// StartDiagnostic tells of a workflow that no controller has taken up for a while: it has no
// phase. Argo itself never says so, since nobody is there to do it. It may still be taken up.
type StartDiagnostic struct {
	// Waited is for how long a caller has watched it without a phase.
	Waited time.Duration
	// InstanceID is that of the controller it is meant for; "": one that has none.
	InstanceID string
	// Served are the instance ids ("": none) of controllers that have taken up other workflows
	// of the namespace, at some time. It is InstanceID where there is one such, else an example.
	// It may have been found for another workflow, up to ten seconds before.
	Served []string
	// Searched: Served was looked for. If not, the caller may not list workflows, or the API
	// server didn't answer.
	Searched bool
	// LongTemplate is the name of its template, if that has more than 63 characters. A controller
	// of Argo 4.1 never takes up a workflow of such a template.
	LongTemplate string
}

// String says what is probably wrong.
func (d *StartDiagnostic) String() string {
	text := d.whoIsMissing()
	if n := len(d.LongTemplate); n > 0 {
		text += fmt.Sprintf("; or it is of Argo 4.1, which takes up no workflow of a template whose name, as this one's of %d, has more than 63 characters", n)
	}
	return text
}

func (d *StartDiagnostic) whoIsMissing() string {
	text := fmt.Sprintf("no controller has taken it up for %s: ", d.Waited)
	mine := "one without an instance id"
	if d.InstanceID != "" {
		mine = fmt.Sprintf("the instance id %q", d.InstanceID)
	}
	switch {
	case slices.Contains(d.Served, d.InstanceID):
		return text + fmt.Sprintf("a controller for %s has worked in this namespace, so it is probably down or very busy", mine)
	case len(d.Served) > 0 && d.Served[0] == "":
		return text + fmt.Sprintf("it is meant for %s, but only a controller without one has worked in this namespace", mine)
	case len(d.Served) > 0:
		return text + fmt.Sprintf("it is meant for %s, but only a controller for the instance id %q has worked in this namespace", mine, d.Served[0])
	case d.Searched:
		return text + fmt.Sprintf("no workflow of this namespace ever was, so probably no controller manages it for %s, or none runs", mine)
	}
	return text + fmt.Sprintf("does one manage this namespace for %s, and does it run?", mine)
}
