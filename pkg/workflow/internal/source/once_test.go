package source_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

// client-go repeats no request, neither for Retry-After nor for a connection that broke.
func TestEveryRequestIsSentOnce(t *testing.T) {
	for fault, answer := range map[string]func() (*http.Response, error){
		"Retry-After": func() (*http.Response, error) {
			return &http.Response{
				StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Content-Type": {"text/plain"}, "Retry-After": {"1"}},
				Body: io.NopCloser(strings.NewReader("later")),
			}, nil
		},
		"a broken connection": func() (*http.Response, error) { return nil, syscall.ECONNRESET },
		"no answer":           func() (*http.Response, error) { return nil, io.EOF },
	} {
		sent := 0
		cfg := &rest.Config{Host: "http://script", QPS: -1, Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			sent++
			return answer()
		})}
		things := schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "things"}
		overREST, err := source.NewREST(cfg, cfg, things, "ns")
		if err != nil {
			t.Fatal(err)
		}
		client, err := source.NewDynamicClient(cfg)
		if err != nil {
			t.Fatal(err)
		}
		objects := client.Resource(things).Namespace("ns")
		object := func() *unstructured.Unstructured {
			return &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "example.com/v1", "kind": "Thing", "metadata": map[string]any{"name": "a"},
			}}
		}
		for request, send := range map[string]func(ctx context.Context) error{
			"get over REST":  func(ctx context.Context) error { _, err := overREST.Get(ctx, "a"); return err },
			"list over REST": func(ctx context.Context) error { _, err := overREST.List(ctx, source.ListOptions{}); return err },
			"long list": func(ctx context.Context) error {
				_, err := overREST.List(ctx, source.ListOptions{Unbounded: true})
				return err
			},
			"watch over REST": func(ctx context.Context) error { _, err := overREST.Watch(ctx, metav1.ListOptions{}, nil); return err },
			"metadata over REST": func(ctx context.Context) error {
				_, err := overREST.ListMetadata(ctx, "things", "ns", metav1.ListOptions{})
				return err
			},
			"get":  func(ctx context.Context) error { _, err := objects.Get(ctx, "a", metav1.GetOptions{}); return err },
			"list": func(ctx context.Context) error { _, err := objects.List(ctx, metav1.ListOptions{}); return err },
			"create": func(ctx context.Context) error {
				_, err := objects.Create(ctx, object(), metav1.CreateOptions{})
				return err
			},
			"update": func(ctx context.Context) error {
				_, err := objects.Update(ctx, object(), metav1.UpdateOptions{})
				return err
			},
			"patch": func(ctx context.Context) error {
				_, err := objects.Patch(ctx, "a", types.MergePatchType, []byte("{}"), metav1.PatchOptions{})
				return err
			},
			"delete": func(ctx context.Context) error { return objects.Delete(ctx, "a", metav1.DeleteOptions{}) },
			"watch":  func(ctx context.Context) error { _, err := objects.Watch(ctx, metav1.ListOptions{}); return err },
		} {
			t.Run(request+": "+fault, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					sent = 0
					err := send(t.Context())
					if closed := request == "watch" && fault != "Retry-After"; sent != 1 || (err == nil) != closed {
						t.Errorf("%v, after %d requests", err, sent)
					}
				})
			})
		}
	}
}
