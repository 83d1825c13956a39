package source_test

import (
	"net/http"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

// A server, or a proxy before it, that refuses tables is asked for objects.
func TestRefusedTables(t *testing.T) {
	for _, code := range []int{http.StatusNotAcceptable, http.StatusUnsupportedMediaType} {
		s := apitest.Of(1)
		s.Refuse = func(r *http.Request) error {
			if !strings.Contains(r.Header.Get("Accept"), "as=Table") {
				return nil
			}
			return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: int32(code)}}
		}
		resource := schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "workflows"}
		over, err := source.NewREST(s.Config(t), s.Config(t), resource, "ma")
		if err != nil {
			t.Fatal(err)
		}
		stream, err := over.Rows().Watch(t.Context(), metav1.ListOptions{ResourceVersion: "100"}, func() {})
		if err != nil {
			t.Fatal(err)
		}
		if e, err := stream.Next(); err != nil || e.ID.Name != "w0" || e.Row != nil {
			t.Error(e, err)
		}
		stream.Close()
	}
}
