package status

import (
	"fmt"
	"slices"
	"time"
)

// StartDiagnostic explains why a workflow that has no phase was probably not picked up by a
// controller. Argo itself cannot report that. The workflow may still be picked up.
type StartDiagnostic struct {
	// Waited is for how long a caller has watched the workflow without a phase.
	Waited time.Duration
	// InstanceID is the instance ID of the workflow; "" if it has none.
	InstanceID string
	// Served are the instance IDs of controllers that have picked up other workflows of the
	// namespace at some time; "" stands for none. It is InstanceID if that is among them, else an
	// example. It may have been found for another workflow, up to ten seconds before.
	Served []string
	// Searched reports whether Served was looked for. It is false if the caller may not list
	// workflows or the API server did not answer.
	Searched bool
	// LongTemplate is the name of the workflow's template if that has more than 63 characters. A
	// controller of Argo 4.1 never picks up a workflow of such a template.
	LongTemplate string
}

// String says what is probably wrong.
func (d *StartDiagnostic) String() string {
	text := fmt.Sprintf("no controller has picked it up for %s: %s", d.Waited, d.cause())
	if n := len(d.LongTemplate); n > 0 {
		text += fmt.Sprintf("; or it is Argo 4.1, which picks up no workflow of a template whose name has more than 63 characters (this one has %d)", n)
	}
	return text
}

func (d *StartDiagnostic) cause() string {
	id, controller := "no instance ID", "a controller for workflows without an instance ID"
	if d.InstanceID != "" {
		id = fmt.Sprintf("the instance ID %q", d.InstanceID)
		controller = "a controller for " + id
	}
	switch {
	case slices.Contains(d.Served, d.InstanceID):
		return controller + " has worked in this namespace, so it is probably down or very busy"
	case len(d.Served) > 0 && d.Served[0] == "":
		return fmt.Sprintf("it has %s, but only a controller for workflows without one has worked in this namespace", id)
	case len(d.Served) > 0:
		return fmt.Sprintf("it has %s, but only a controller for the instance ID %q has worked in this namespace", id, d.Served[0])
	case d.Searched:
		return fmt.Sprintf("no workflow of this namespace was ever picked up, so %s probably does not manage it or does not run", controller)
	}
	return fmt.Sprintf("check that %s manages this namespace and runs", controller)
}
