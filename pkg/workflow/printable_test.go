package workflow

import (
	"net/http"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Other clients can write the fields that only Argo's controller should write.
func TestErrorsShowPhasesThatAreNone(t *testing.T) {
	const forged = "Failed\x1b[2K\u202e\u3164"
	c := scripted(t, func(*http.Request) (any, error) {
		return map[string]any{
			"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": "w", "uid": "u", "resourceVersion": "1"},
			"spec": map[string]any{"shutdown": forged}, "status": map[string]any{"phase": forged},
		}, nil
	})
	_, retried := c.Retry(t.Context(), "w", RetryOptions{})
	for what, err := range map[string]error{"Retry": retried, "Suspend": c.Suspend(t.Context(), "w", SuspendOptions{})} {
		if err == nil || status.Printable(err.Error()) != err.Error() || !strings.Contains(err.Error(), `"Failed\x1b[2K`) {
			t.Errorf("%s: %q", what, err)
		}
	}
}
