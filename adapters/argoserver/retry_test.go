package argoserver_test

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argoserver"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// changing is a double that also answers PUT. take returns these requests since its last call.
func changing(t *testing.T, answer http.HandlerFunc) (client *argoserver.Client, take func() []string) {
	t.Helper()
	d := newDouble(t, aRow(1, noon))
	var mu sync.Mutex
	var bodies []string
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			d.Config.Handler.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		bodies = append(bodies, r.URL.Path+" "+string(body))
		mu.Unlock()
		answer(w, r)
	})
	return clientOf(t, server.URL), func() []string {
		mu.Lock()
		defer mu.Unlock()
		taken := bodies
		bodies = nil
		return taken
	}
}

func TestWhatAChangeSends(t *testing.T) {
	client, take := changing(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"metadata":{"name":"new","namespace":"ma","uid":"2"}}`)
	})
	uid := types.UID(uidOf(1))
	created, err := client.Retry(t.Context(), "ma", uid, argoserver.RetryOptions{
		RestartSuccessful: true, NodeFieldSelector: "name=a", Parameters: map[string]string{"b": "2=3", "a": "1"},
	})
	if err != nil || created.GetName() != "new" || created.GetKind() != "Workflow" {
		t.Errorf("%v, %v", created, err)
	}
	if _, err := client.Resubmit(t.Context(), "ma", uid, argoserver.ResubmitOptions{Memoized: true}); err != nil {
		t.Error(err)
	}
	sent := take()
	for i, want := range []string{
		`{"uid":"` + uidOf(1) + `","name":"wf-1","namespace":"ma","restartSuccessful":true,"nodeFieldSelector":"name=a","parameters":["a=1","b=2=3"]}`,
		`{"uid":"` + uidOf(1) + `","name":"wf-1","namespace":"ma","memoized":true}`,
	} {
		path, body, _ := strings.Cut(sent[i], " ")
		if !strings.HasSuffix(path, uidOf(1)+[]string{"/retry", "/resubmit"}[i]) || !reflect.DeepEqual(decoded(t, body), decoded(t, want)) {
			t.Errorf("%s", sent[i])
		}
	}
	for name, err := range map[string]error{
		"absent":    second(client.Retry(t.Context(), "ma", types.UID(uidOf(2)), argoserver.RetryOptions{})),
		"elsewhere": second(client.Resubmit(t.Context(), "other", uid, argoserver.ResubmitOptions{})),
	} {
		checkError(t, name, err, workflow.ErrNotFound, false)
	}
	for _, name := range []string{"", "a=b", "a b"} {
		err := second(client.Resubmit(t.Context(), "ma", uid, argoserver.ResubmitOptions{Parameters: map[string]string{name: "secret"}}))
		checkError(t, name, err, workflow.ErrInvalid, false)
	}
	if sent := take(); len(sent) > 0 {
		t.Errorf("sent: %v", sent)
	}
}

func decoded(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// A change is sent once, and what is not certain is not known.
func TestChangesThatFail(t *testing.T) {
	answers := func(status, code int, message string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { refuse(w, status, code, message) }
	}
	for name, next := range map[string]struct {
		answer http.HandlerFunc
		kind   error
	}{
		"it exists":       {answers(409, 6, "Workflow already exists on cluster"), workflow.ErrAlreadyExists},
		"no permission":   {answers(403, 7, "no"), workflow.ErrHistory},
		"a proxy says no": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, workflow.ErrHistory},
		"bad parameter":   {answers(400, 3, "no"), workflow.ErrHistory},
		"rate limit":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }, workflow.ErrHistory},
		"it is gone":      {answers(404, 5, "not found"), workflow.ErrNotFound},
		"internal":        {answers(500, 13, "Cannot retry a workflow in phase Succeeded"), workflow.ErrUnknownOutcome},
		"deadline":        {answers(504, 4, "late"), workflow.ErrUnknownOutcome},
		"a gateway":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, workflow.ErrUnknownOutcome},
		"a redirect":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTemporaryRedirect) }, workflow.ErrUnknownOutcome},
		"lost":            {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, workflow.ErrUnknownOutcome},
		"a page":          {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, workflow.ErrUnknownOutcome},
		"something else": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"metadata":{"namespace":"other"}}`)
		}, workflow.ErrUnknownOutcome},
	} {
		client, take := changing(t, next.answer)
		for _, do := range []func() (*unstructured.Unstructured, error){
			func() (*unstructured.Unstructured, error) {
				return client.Retry(t.Context(), "ma", types.UID(uidOf(1)), argoserver.RetryOptions{})
			},
			func() (*unstructured.Unstructured, error) {
				return client.Resubmit(t.Context(), "ma", types.UID(uidOf(1)), argoserver.ResubmitOptions{})
			},
		} {
			checkError(t, name, second(do()), next.kind, false)
			if sent := take(); len(sent) != 1 {
				t.Errorf("%s: %v", name, sent)
			}
		}
	}
	// If the connection to the server is refused, nothing was sent.
	d := newDouble(t, aRow(1, noon))
	closes := clientOf(t, d.URL, func(o *argoserver.Options) {
		o.HTTP.Transport = closing{o.HTTP.Transport.(*http.Transport), d}
	})
	checkError(t, "refused", second(closes.Retry(t.Context(), "ma", types.UID(uidOf(1)), argoserver.RetryOptions{})), workflow.ErrHistory, true)
}

// closing closes the double before a PUT.
type closing struct {
	*http.Transport
	d *double
}

func (c closing) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut {
		c.CloseIdleConnections()
		c.d.Close()
	}
	return c.Transport.RoundTrip(r)
}
