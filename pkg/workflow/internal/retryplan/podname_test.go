package retryplan

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// The names are those of Argo's documentation of POD_NAMES. hack/bench/argocheck compares them with its
// code.
func TestPodName(t *testing.T) {
	n := &status.Node{ID: "w-1", Name: "w[0].step", TemplateName: "main"}
	long := &status.Node{ID: "w-1", Name: "w[0].step", TemplateName: strings.Repeat("x", 300)}
	for _, tc := range []struct {
		format string
		node   *status.Node
		want   string
	}{
		{"v1", n, "w-1"},
		{"v2", n, "w-main-450502416"},
		{"", n, "w-main-450502416"},
		{"v2", &status.Node{ID: "w", Name: "w", TemplateName: "main"}, "w"},
		{"v2", &status.Node{ID: "w-1", Name: "w[0].step", TemplateRef: status.TemplateRef{Name: "t", Template: "other"}}, "w-other-450502416"},
		{"v2", &status.Node{ID: "w-1", Name: "w[0].step"}, "w-450502416"},
		{"v2", long, "w-" + strings.Repeat("x", 240) + "-450502416"},
	} {
		wf := &unstructured.Unstructured{Object: map[string]any{}}
		wf.SetName("w")
		wf.SetAnnotations(map[string]string{"workflows.argoproj.io/pod-name-format": tc.format})
		if got := PodName(wf, tc.node); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc, got, tc.want)
		}
	}
}
