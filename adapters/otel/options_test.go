package otel_test

import (
	"errors"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace/noop"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/otel"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestInvalidOptions(t *testing.T) {
	provider := noop.NewTracerProvider()
	for name, c := range map[string]struct {
		opts   otel.Options
		saying []string
	}{
		"no provider": {otel.Options{}, []string{"options.tracerProvider: Required"}},
		"no such operation": {
			otel.Options{TracerProvider: provider, Without: []workflow.Op{workflow.OpGet, "Wait"}, OwnTrace: []workflow.Op{workflow.OpNew}},
			[]string{`options.without[1]: Unsupported value: "Wait"`, `"wait"`, `options.ownTrace[0]: Unsupported value: "new-client"`},
		},
		"two things at once": {
			otel.Options{TracerProvider: provider, Without: []workflow.Op{workflow.OpWait}, OwnTrace: []workflow.Op{workflow.OpWait}},
			[]string{"options.ownTrace[0]: Forbidden", "without has wait"},
		},
	} {
		observer, err := otel.NewObserver(c.opts)
		var problems *workflow.InvalidError
		if observer != nil || !errors.Is(err, workflow.ErrInvalid) || !errors.As(err, &problems) {
			t.Errorf("%s: %v, %v", name, observer, err)
			continue
		}
		for _, part := range c.saying {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q is not in %v", name, part, err)
			}
		}
	}
}
