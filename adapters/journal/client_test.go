package journal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// collected is an API server from which each workflow is deleted as soon as it was created.
type collected struct {
	mu      sync.Mutex
	creates int
}

func (c *collected) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := func(code int, body any) (*http.Response, error) {
		text, err := json.Marshal(body)
		return &http.Response{
			StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(text)), Request: r,
		}, err
	}
	if r.Method != http.MethodPost {
		return answer(http.StatusNotFound, metav1.Status{
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure, Reason: metav1.StatusReasonNotFound, Code: http.StatusNotFound,
			Details: &metav1.StatusDetails{Group: "argoproj.io", Kind: "workflows", Name: "w"},
		})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.creates++
	created := &unstructured.Unstructured{}
	if err := json.NewDecoder(r.Body).Decode(&created.Object); err != nil {
		return nil, err
	}
	created.SetUID(types.UID("uid-of-" + created.GetName()))
	created.SetResourceVersion("1")
	return answer(http.StatusCreated, created)
}

// A thousand keys are each started twice, by clients with journals of their own, as two processes have
// them. Some second starts come while the first one is in progress.
func TestThousandKeysTwice(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		const keys, atOnce = 1000, 20
		server := &collected{}
		var clients []*workflow.WorkflowClient
		for range 2 {
			client, err := workflow.NewForConfig(&rest.Config{Host: "http://cluster", Transport: server}, workflow.Options{
				History: p.open(t, journal.Options{}), RetryFor: 10 * time.Minute, // on a busy machine
			})
			if err != nil {
				t.Fatal(err)
			}
			clients = append(clients, client)
		}
		starts := make(chan int)
		var calls sync.WaitGroup
		var created atomic.Int64
		for range atOnce {
			calls.Go(func() {
				for i := range starts {
					req := workflow.StartRequest{Template: "t", IdempotencyKey: fmt.Sprint("k", i/2), SkipTemplateCheck: true}
					s, err := clients[i%2].Start(t.Context(), req)
					if err != nil {
						t.Error(err)
					} else if !s.Found {
						created.Add(1)
					}
				}
			})
		}
		for i := range 2 * keys {
			starts <- i
		}
		close(starts)
		calls.Wait()
		if server.creates != keys || created.Load() != keys {
			t.Errorf("%d workflows were created, %d starts say so", server.creates, created.Load())
		}
	})
}

// A key is once, also after its workflow was deleted, and for another process.
func TestKeyOfAWorkflowThatIsGone(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		server := &collected{}
		for i := range 3 {
			client, err := workflow.NewForConfig(&rest.Config{Host: "http://cluster", Transport: server}, workflow.Options{
				History: p.open(t, journal.Options{}), RetryFor: time.Minute,
			})
			if err != nil {
				t.Fatal(err)
			}
			s, err := client.Start(t.Context(), workflow.StartRequest{Template: "t", IdempotencyKey: "k", SkipTemplateCheck: true})
			if err != nil || string(s.UID) != "uid-of-"+s.Name || s.Found != (i > 0) || (s.Source == status.SourceHistory) != (i > 0) {
				t.Fatalf("start %d: %+v, %v", i, s, err)
			}
			if i == 0 {
				continue
			}
			if s, err := client.Get(t.Context(), s.Name); err != nil || s.Completed() {
				t.Errorf("without an end: %+v, %v", s, err)
			}
			var gone *workflow.GoneError
			if _, err := client.Wait(t.Context(), s.Name, workflow.Completed); !errors.As(err, &gone) {
				t.Errorf("without an end: %v", err)
			}
			if _, err := client.Resubmit(t.Context(), s.Name, workflow.ResubmitOptions{}); !errors.Is(err, workflow.ErrUnsupported) {
				t.Errorf("without the spec: %v", err)
			}
		}
		if server.creates != 1 {
			t.Errorf("%d workflows were created", server.creates)
		}
	})
}
