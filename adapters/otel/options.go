package otel

import (
	"slices"

	"go.opentelemetry.io/otel/trace"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Options configure an observer. Only TracerProvider is required.
type Options struct {
	// TracerProvider receives the spans. It is required: the global one is used only if the host
	// passes it.
	TracerProvider trace.TracerProvider
	// Without lists operations that get no span, such as [workflow.OpGet] in a host that polls.
	// What happens in them becomes events of the caller's span, if there is one.
	Without []workflow.Op
	// OwnTrace lists operations whose spans each begin their own trace, with a link to the caller's
	// span. Use it for [workflow.OpWait], [workflow.OpWatch] and [workflow.OpLogs] if they take
	// hours: a span is exported only when it ends, and keeps its trace open until then.
	OwnTrace []workflow.Op
}

func (o Options) check() error {
	path := field.NewPath("options")
	var problems field.ErrorList
	if o.TracerProvider == nil {
		problems = append(problems, field.Required(path.Child("tracerProvider"), "a trace.TracerProvider, such as that of the host's SDK"))
	}
	problems = append(problems, unknownOps(path.Child("without"), o.Without)...)
	problems = append(problems, unknownOps(path.Child("ownTrace"), o.OwnTrace)...)
	for i, op := range o.OwnTrace {
		if slices.Contains(o.Without, op) {
			problems = append(problems, field.Forbidden(path.Child("ownTrace").Index(i), "without has "+string(op)+" too, so it gets no span"))
		}
	}
	if len(problems) > 0 {
		return &workflow.InvalidError{Problems: problems}
	}
	return nil
}

func unknownOps(path *field.Path, given []workflow.Op) (problems field.ErrorList) {
	for i, op := range given {
		if !slices.Contains(operations(), op) {
			problems = append(problems, field.NotSupported(path.Index(i), op, operations()))
		}
	}
	return problems
}
