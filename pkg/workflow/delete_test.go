package workflow

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// The answer to the removal of the finalizer is lost. Before the next attempt, the workflow is
// deleted and another one gets the name.
func TestDeleteOfAWorkflowThatIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newReplacing(t, func(u *unstructured.Unstructured) { u.SetFinalizers([]string{naming.FinalizerArtifactGC}) })
		s.Wrote = func(method string, _ *unstructured.Unstructured) {
			if method == http.MethodPatch {
				time.AfterFunc(time.Millisecond, func() {
					s.Remove("n")
					s.Put("n", nil)
				})
			}
		}
		s.Lose = func(r *http.Request) bool { return r.Method == http.MethodPatch }
		err := s.client().Delete(t.Context(), "n", DeleteOptions{AbandonArtifactGC: true, Wait: true})
		if now := s.Object("n"); err != nil || now.GetUID() == s.old || now.GetDeletionTimestamp() != nil {
			t.Errorf("%v, and now %v", err, now)
		}
	})
}
