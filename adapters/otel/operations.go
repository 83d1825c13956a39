package otel

import (
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// operations returns the operations that an observer receives: creating a client is not one.
func operations() []workflow.Op {
	return slices.DeleteFunc(backfill.Ops(), func(op workflow.Op) bool { return op == workflow.OpNew })
}

// operation contains what is computed once for each operation.
type operation struct {
	spanName string
	left     bool // it gets no span
	ownTrace bool
}

func (o Options) operations() map[workflow.Op]operation {
	all := map[workflow.Op]operation{}
	for _, op := range operations() {
		all[op] = operation{spanName: spanName(op)}
	}
	for _, op := range o.Without {
		all[op] = operation{left: true}
	}
	for _, op := range o.OwnTrace {
		all[op] = operation{spanName: spanName(op), ownTrace: true}
	}
	return all
}

// spanName doesn't contain the workflow's name: tracing backends group spans by name.
func spanName(op workflow.Op) string {
	if op == backfill.OpReadWorkers || op == backfill.OpScaleWorkers {
		return string(op)
	}
	return string(op) + " workflow"
}
