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

// recordWithin is how long the request for an event may take: a call that has made its change
// should not wait for its note.
const recordWithin = time.Second

// eventRecorder records Kubernetes Events on workflows, of the kind that `kubectl describe` shows.
// A nil one records nothing.
type eventRecorder struct {
	events    dynamic.ResourceInterface
	namespace string
	source    string
}

// happening is what an event tells. Its message has no values of parameters, which may be secret.
type happening struct{ reason, message string }

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

// record has an event tell what was done to a workflow, also where ctx has ended meanwhile. It is
// sent once: what can't be recorded is told to the observer, and lost. Where none are recorded,
// nothing is made to be told.
func (c *WorkflowClient) record(ctx context.Context, wf *unstructured.Unstructured, tells func() happening) {
	if c.events == nil || tells == nil {
		return
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	if _, err := c.events.events.Create(within, c.events.event(wf, tells(), time.Now()), metav1.CreateOptions{}); err != nil {
		note(ctx, func(call Call) Event {
			return EventNotRecorded{Op: call.Op, Backend: call.Backend, Namespace: call.Namespace, Name: wf.GetName(), Err: err}
		})
	}
}

// event has the fields that client-go's tools/record fills in.
func (r *eventRecorder) event(wf *unstructured.Unstructured, h happening, now time.Time) *unstructured.Unstructured {
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

// shortened is a message as long as the newer API of events allows. It is read on terminals, and names
// in it come from others.
func shortened(message string) string {
	const most = 1024
	message = status.Printable(message)
	if len(message) <= most {
		return message
	}
	return strings.ToValidUTF8(message[:most-len("…")], "") + "…"
}

// gateNames lists gates. In a loop Argo names a node by index and item, approve(0:eu-west-1); whoever
// may read events need not be shown the items.
func gateNames(gates []*status.Node) string {
	names := make([]string, len(gates))
	for i, gate := range gates {
		names[i] = withoutItem(gate.DisplayName)
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

// startedFrom, and what follows, is what is told.
func startedFrom(d draft) func() happening {
	return func() happening { return happening{reason: "WorkflowStarted", message: "Started from " + d.origin()} }
}

func resubmittedFrom(name string) func() happening {
	return func() happening {
		return happening{reason: "WorkflowResubmitted", message: fmt.Sprintf("Resubmitted from workflow %q", name)}
	}
}

func suspended() happening {
	return happening{reason: "WorkflowSuspended", message: "Suspended as a whole"}
}

func retried() happening { return happening{reason: "WorkflowRetried", message: "Set going again"} }

func (r *resumption) happening() happening {
	var parts []string
	if r.result.Unsuspended {
		parts = append(parts, "resumed as a whole")
	}
	if len(r.result.Nodes) > 0 {
		parts = append(parts, "gates passed: "+gateNames(r.result.Nodes))
	}
	if len(r.result.Delays) > 0 {
		parts = append(parts, "delays cut short: "+gateNames(r.result.Delays))
	}
	message := strings.Join(parts, "; ")
	return happening{reason: "WorkflowResumed", message: strings.ToUpper(message[:1]) + message[1:]}
}

func rejected(waiting []*status.Node) func() happening {
	return func() happening {
		return happening{reason: "WorkflowGatesRejected", message: "Gates rejected: " + gateNames(waiting)}
	}
}

func shutDown(strategy status.ShutdownStrategy) func() happening {
	return func() happening {
		if strategy == status.ShutdownTerminate {
			return happening{reason: "WorkflowTerminated", message: "Asked to end without its exit handlers"}
		}
		return happening{reason: "WorkflowStopped", message: "Asked to end, with its exit handlers"}
	}
}
