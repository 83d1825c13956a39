package workflow

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// createEventWithin is the time limit of the request that creates an event. The call has already made
// its change and should not be delayed further.
const createEventWithin = time.Second

// eventRecorder creates Kubernetes Events on workflows, as `kubectl describe` shows them. Nil
// disables events.
type eventRecorder struct {
	events    dynamic.ResourceInterface
	namespace string
	source    string
}

// eventDetails is the reason and the message of an event. The message never contains values of
// parameters, which may be secret.
type eventDetails struct{ reason, message string }

func newEventRecorder(dyn dynamic.Interface, namespace, source string) *eventRecorder {
	if source == "" {
		return nil
	}
	events := dyn.Resource(schema.GroupVersionResource{Version: "v1", Resource: "events"}).Namespace(namespace)
	return &eventRecorder{events: events, namespace: namespace, source: source}
}

func eventSourceProblems(path *field.Path, source string) (problems field.ErrorList) {
	if source == "" {
		return nil
	}
	for _, msg := range validation.IsQualifiedName(source) {
		problems = append(problems, field.Invalid(path, source, msg))
	}
	return problems
}

// createEvent creates an event for a change of a workflow, even if ctx has ended. It makes one attempt:
// if that fails, the observer receives an [EventNotRecorded] and the event is lost. details returns
// the event. It may be nil, and is not called if events are disabled.
func (c *WorkflowClient) createEvent(ctx context.Context, wf *unstructured.Unstructured, details func() eventDetails) {
	if c.events == nil || details == nil {
		return
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), createEventWithin)
	defer cancel()
	if _, err := c.events.events.Create(within, c.events.event(wf, details(), time.Now()), metav1.CreateOptions{}); err != nil {
		emit(ctx, func(call Call) Event {
			return EventNotRecorded{Op: call.Op, Backend: call.Backend, Namespace: call.Namespace, Name: wf.GetName(), Err: err}
		})
	}
}

// event returns the Event object. It sets the fields that client-go's tools/record sets.
func (r *eventRecorder) event(wf *unstructured.Unstructured, h eventDetails, now time.Time) *unstructured.Unstructured {
	at := now.UTC().Format(time.RFC3339)
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "Event",
		"metadata": map[string]any{
			"name":      wf.GetName() + "." + strconv.FormatInt(now.UnixNano(), 16),
			"namespace": r.namespace,
		},
		"involvedObject": map[string]any{
			"apiVersion": apiVersion, "kind": kind, "namespace": r.namespace,
			"name": wf.GetName(), "uid": string(wf.GetUID()), "resourceVersion": wf.GetResourceVersion(),
		},
		"reason":             h.reason,
		"message":            shortened(h.message),
		"type":               "Normal",
		"source":             map[string]any{"component": r.source},
		"reportingComponent": r.source,
		"firstTimestamp":     at,
		"lastTimestamp":      at,
		"count":              int64(1),
	}}
}

// shortened truncates a message to the limit of the events.k8s.io API. It also makes the message
// printable, since it is shown on terminals and contains names that other users chose.
func shortened(message string) string {
	const most = 1024
	message = status.Printable(message)
	if len(message) <= most {
		return message
	}
	return strings.ToValidUTF8(message[:most-len("…")], "") + "…"
}

// gateNames lists gates by their names. In a loop Argo names a node by index and item, such
// as approve(0:eu-west-1). The items are left out, since not every reader of events may see them.
func gateNames(gates []*status.Node) string {
	names := make([]string, len(gates))
	for i, gate := range gates {
		names[i] = withoutItem(gate.GateName())
	}
	return shown.List(names)
}

func withoutItem(name string) string {
	before, item, _ := strings.Cut(name, ":")
	if end := strings.LastIndex(item, ")"); end >= 0 && strings.Contains(before, "(") {
		return before + ")"
	}
	return name
}

// startedFrom returns a function that describes a start. The functions below describe other
// changes.
func startedFrom(d draft) func() eventDetails {
	return func() eventDetails {
		return eventDetails{reason: "WorkflowStarted", message: "Started from " + d.origin()}
	}
}

func resubmittedFrom(name string) func() eventDetails {
	return func() eventDetails {
		return eventDetails{reason: "WorkflowResubmitted", message: fmt.Sprintf("Resubmitted from workflow %q", name)}
	}
}

func suspended() eventDetails {
	return eventDetails{reason: "WorkflowSuspended", message: "Suspended as a whole"}
}

func retried() eventDetails {
	return eventDetails{reason: "WorkflowRetried", message: "Set going again"}
}

func (r *resumption) eventDetails() eventDetails {
	var parts []string
	if r.unsuspends {
		parts = append(parts, "resumed as a whole")
	}
	return resumed(append(parts, passed(r.nodes)...))
}

func approved(nodes []*status.Node) eventDetails { return resumed(passed(nodes)) }

func resumed(parts []string) eventDetails {
	message := strings.Join(parts, "; ")
	return eventDetails{reason: "WorkflowResumed", message: strings.ToUpper(message[:1]) + message[1:]}
}

// passed says which gates and delays a workflow was let pass.
func passed(nodes []*status.Node) (parts []string) {
	var gates, delays []*status.Node
	for _, n := range nodes {
		if n.Delayed() {
			delays = append(delays, n)
		} else {
			gates = append(gates, n)
		}
	}
	if len(gates) > 0 {
		parts = append(parts, "gates passed: "+gateNames(gates))
	}
	if len(delays) > 0 {
		parts = append(parts, "delays cut short: "+gateNames(delays))
	}
	return parts
}

func rejected(nodes []*status.Node) eventDetails {
	return eventDetails{reason: "WorkflowGatesRejected", message: "Gates rejected: " + gateNames(nodes)}
}

func shutDown(strategy status.ShutdownStrategy) func() eventDetails {
	return func() eventDetails {
		if strategy == status.ShutdownTerminate {
			return eventDetails{reason: "WorkflowTerminated", message: "Asked to end without its exit handlers"}
		}
		return eventDetails{reason: "WorkflowStopped", message: "Asked to end, with its exit handlers"}
	}
}
