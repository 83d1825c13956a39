package journal_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// cluster is an API server that keeps workflows until they are collected.
type cluster struct {
	mu      sync.Mutex
	kept    map[string]*unstructured.Unstructured
	creates int
}

func (c *cluster) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := func(code int, body any) (*http.Response, error) {
		text, err := json.Marshal(body)
		return &http.Response{
			StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(text)), Request: r,
		}, err
	}
	refuse := func(code int32, reason metav1.StatusReason, name string) (*http.Response, error) {
		return answer(int(code), metav1.Status{
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure, Reason: reason, Code: code,
			Details: &metav1.StatusDetails{Group: "argoproj.io", Kind: "workflows", Name: name},
		})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Method != http.MethodPost {
		name := path.Base(r.URL.Path)
		if wf := c.kept[name]; wf != nil {
			return answer(http.StatusOK, wf)
		}
		return refuse(http.StatusNotFound, metav1.StatusReasonNotFound, name)
	}
	wf := &unstructured.Unstructured{}
	if err := json.NewDecoder(r.Body).Decode(&wf.Object); err != nil {
		return nil, err
	}
	if c.kept[wf.GetName()] != nil {
		return refuse(http.StatusConflict, metav1.StatusReasonAlreadyExists, wf.GetName())
	}
	c.creates++
	wf.SetUID(types.UID(fmt.Sprintf("uid-%d", c.creates)))
	wf.SetResourceVersion(fmt.Sprint(c.creates))
	wf.SetCreationTimestamp(metav1.Now())
	c.kept[wf.GetName()] = wf
	return answer(http.StatusCreated, wf)
}

// Each of several processes starts each key at about the same time, and some of them find the workflow that
// another one has just created. Then all are collected, and each key is started again.
func TestKeysThatSeveralProcessesFind(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		const keys, processes, atOnce = 300, 3, 8
		server := &cluster{kept: map[string]*unstructured.Unstructured{}}
		var clients []*workflow.WorkflowClient
		for range processes {
			client, err := workflow.NewForConfig(&rest.Config{Host: "http://cluster", Transport: server}, workflow.Options{
				History: p.open(t, journal.Options{}), RetryFor: 10 * time.Minute,
			})
			if err != nil {
				t.Fatal(err)
			}
			clients = append(clients, client)
		}
		startAll := func(clients ...*workflow.WorkflowClient) {
			var calls sync.WaitGroup
			for _, client := range clients {
				for worker := range atOnce {
					calls.Go(func() {
						for key := worker; key < keys; key += atOnce {
							req := workflow.StartRequest{Template: "t", IdempotencyKey: fmt.Sprint("k", key), SkipTemplateCheck: true}
							if _, err := client.Start(t.Context(), req); err != nil {
								t.Error(err)
							}
						}
					})
				}
			}
			calls.Wait()
		}
		startAll(clients...)
		if server.creates != keys {
			t.Errorf("%d workflows of %d keys", server.creates, keys)
		}
		server.kept = map[string]*unstructured.Unstructured{}
		startAll(clients[0])
		if again := server.creates - keys; again > 0 {
			t.Errorf("%d of %d keys have started a second workflow", again, keys)
		}
	})
}
