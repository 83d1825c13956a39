package opensearch_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"
	kubetesting "k8s.io/client-go/testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	admin    = "admin"
	password = "s3cret-öne:!"
)

func demandPassword(demand *double.Options, _ *backfill.Cluster, _ *opensearch.Options) {
	demand.Username, demand.Password = admin, password
}

// kubeSecret returns a Secret as the API server has it.
func kubeSecret(data map[string]string) *unstructured.Unstructured {
	encoded := map[string]any{}
	for key, value := range data {
		encoded[key] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"namespace": "ma", "name": "target"}, "data": encoded,
	}}
}

func TestPlainPassword(t *testing.T) {
	p, _ := onDouble(t, demandPassword, func(_ *double.Options, target *backfill.Cluster, _ *opensearch.Options) {
		target.Basic = &backfill.BasicAuth{Username: admin, Password: backfill.NewSecret(password)}
	})
	p.write(t, map[string]document{"a": {"completedAt": 2}}, true)
	if got := p.counts(t); got.Total != 1 {
		t.Errorf("%+v", got)
	}
	if got := p.read(t); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func TestWrongPassword(t *testing.T) {
	p, cluster := onDouble(t, demandPassword, func(_ *double.Options, target *backfill.Cluster, _ *opensearch.Options) {
		target.Basic = &backfill.BasicAuth{Username: admin, Password: backfill.NewSecret("wrong-password")}
	})
	_, err := p.state.Counts(t.Context(), p.index, now)
	if !errors.Is(err, workflow.ErrUnauthorized) || len(cluster.Requests()) != 1 {
		t.Errorf("%v, %d requests", err, len(cluster.Requests()))
	}
}

func TestNoPassword(t *testing.T) {
	p, _ := onDouble(t, demandPassword)
	if err := p.state.Delete(t.Context(), p.index); !errors.Is(err, workflow.ErrUnauthorized) {
		t.Errorf("%v", err)
	}
}

// fromKube lets the client read a Secret from a cluster with these objects.
func fromKube(kube *fake.FakeDynamicClient) func(*double.Options, *backfill.Cluster, *opensearch.Options) {
	return func(_ *double.Options, target *backfill.Cluster, o *opensearch.Options) {
		target.Basic = &backfill.BasicAuth{K8sSecretName: "target"}
		o.Secrets = opensearch.SecretsFromCluster(kube, "ma")
	}
}

func TestSecretIsReadWhenItIsNeededAndWhenItWasRotated(t *testing.T) {
	kube := fake.NewSimpleDynamicClient(runtime.NewScheme(), kubeSecret(map[string]string{"username": admin, "password": password}))
	p, cluster := onDouble(t, demandPassword, fromKube(kube))
	if n := len(kube.Actions()); n != 0 {
		t.Errorf("read %d times before it was needed", n)
	}
	for range 3 {
		if _, err := p.state.Restore(t.Context(), p.index, yields(nil, doc("a", "{}"))); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(kube.Actions()); n != 1 {
		t.Errorf("read %d times", n)
	}
	secrets := kube.Resource(schema.GroupVersionResource{Version: "v1", Resource: "secrets"}).Namespace("ma")
	if err := secrets.Delete(t.Context(), "target", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := secrets.Create(t.Context(), kubeSecret(map[string]string{"username": admin, "password": "rotated"}), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	kube.ClearActions()
	cluster.SetCredentials(admin, "rotated")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := p.state.Size(context.WithoutCancel(t.Context()), p.index); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := p.state.Delete(t.Context(), p.index); err != nil {
		t.Error(err)
	}
	if n := len(kube.Actions()); n != 1 {
		t.Errorf("read %d times after the rotation", n)
	}
	cluster.SetCredentials(admin, "not in the secret")
	before := len(cluster.Requests())
	if err := p.state.Delete(t.Context(), p.index); !errors.Is(err, workflow.ErrUnauthorized) {
		t.Errorf("%v", err)
	}
	if n := len(cluster.Requests()) - before; n != 1 {
		t.Errorf("%d requests, though there is nothing else to try", n)
	}
}

func TestUnreadableSecret(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "target", errors.New("no"))
	for name, c := range map[string]struct {
		data   map[string]string
		err    error
		kind   error
		saying string
	}{
		"not there":     {nil, nil, workflow.ErrUnauthorized, `"target" not found`},
		"no password":   {map[string]string{"username": admin}, nil, workflow.ErrUnauthorized, `ma/target has no key "password"`},
		"empty name":    {map[string]string{"username": "", "password": password}, nil, workflow.ErrUnauthorized, `ma/target has no key "username"`},
		"not permitted": {nil, forbidden, workflow.ErrForbidden, "ma/target"},
		"overloaded":    {nil, apierrors.NewTooManyRequests("busy", 1), workflow.ErrUnavailable, "busy"},
	} {
		t.Run(name, func(t *testing.T) {
			kube := fake.NewSimpleDynamicClient(runtime.NewScheme())
			if c.data != nil {
				kube = fake.NewSimpleDynamicClient(runtime.NewScheme(), kubeSecret(c.data))
			}
			if c.err != nil {
				kube.PrependReactor("get", "secrets", func(kubetesting.Action) (bool, runtime.Object, error) { return true, nil, c.err })
			}
			p, cluster := onDouble(t, demandPassword, fromKube(kube))
			_, err := p.state.Counts(t.Context(), p.index, now)
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.saying) || strings.Contains(err.Error(), password) || len(cluster.Requests()) != 0 {
				t.Errorf("%v, %d requests", err, len(cluster.Requests()))
			}
		})
	}
}

func TestSecretByARN(t *testing.T) {
	const arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:target"
	var asked atomic.Value
	p, _ := onDouble(t, demandPassword, func(_ *double.Options, target *backfill.Cluster, o *opensearch.Options) {
		target.Basic = &backfill.BasicAuth{UserSecretARN: arn}
		o.SecretsByARN = func(_ context.Context, name string) (opensearch.Credentials, error) {
			asked.Store(name)
			return opensearch.Credentials{Username: admin, Password: backfill.NewSecret(password)}, nil
		}
	})
	if err := p.state.Delete(t.Context(), p.index); !errors.Is(err, backfill.ErrNoWorkingState) || asked.Load() != arn {
		t.Errorf("%v, asked for %v", err, asked.Load())
	}
}

// A call that waits for a secret must not delay another one whose context ends.
func TestSlowSecret(t *testing.T) {
	p, _ := onDouble(t, demandPassword, func(_ *double.Options, target *backfill.Cluster, o *opensearch.Options) {
		target.Basic = &backfill.BasicAuth{K8sSecretName: "target"}
		o.Timeout = 300 * time.Millisecond
		o.Secrets = func(ctx context.Context, _ string) (opensearch.Credentials, error) {
			<-ctx.Done()
			return opensearch.Credentials{}, ctx.Err()
		}
	})
	var all sync.WaitGroup
	all.Go(func() {
		if err := p.state.Delete(context.WithoutCancel(t.Context()), p.index); !errors.Is(err, workflow.ErrUnavailable) || !strings.Contains(err.Error(), "no answer within") {
			t.Errorf("%v", err)
		}
	})
	because := errors.New("no patience")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, because)
	defer cancel()
	if err := p.state.Delete(ctx, p.index); !errors.Is(err, because) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	all.Wait()
}

// A proxy may send the credentials of a request back.
func TestNothingSecretInErrors(t *testing.T) {
	p, cluster := onDouble(t, func(_ *double.Options, target *backfill.Cluster, _ *opensearch.Options) {
		target.Basic = &backfill.BasicAuth{Username: admin, Password: backfill.NewSecret(password)}
	})
	header := base64.StdEncoding.EncodeToString([]byte(admin + ":" + password))
	texts := []string{fmt.Sprintf("%v %+v %#v %s %q %d", p.state, p.state, p.state, p.state, p.state, p.state), fmt.Sprintf("%+v %#v", *p.state, *p.state)}
	for _, body := range []string{
		"bad header Authorization: Basic " + header, "bad password " + password,
		`{"error":{"type":"` + password + `","reason":"Basic ` + header + `"},"status":400}`, `{"error":"Basic ` + header + `"}`,
		strings.Repeat("x", 490) + password,
	} {
		remove := cluster.Inject(double.Fault{Status: 400, Body: body})
		err := p.state.Delete(t.Context(), p.index)
		remove()
		texts = append(texts, fmt.Sprintf("%v %+v %#v", err, err, err))
	}
	for _, f := range []double.Fault{{Cut: true}, {Status: 401}} {
		remove := cluster.Inject(f)
		err := p.state.Delete(t.Context(), p.index)
		remove()
		texts = append(texts, fmt.Sprintf("%v %+v %#v", err, err, err))
	}
	for _, text := range texts {
		if strings.Contains(text, "s3cret") || strings.Contains(text, header) || strings.Contains(text, header[:20]) {
			t.Errorf("%s", text)
		}
	}
	if !strings.Contains(texts[0], p.target.Endpoint) {
		t.Errorf("%s", texts[0])
	}
	if n := sent(cluster, http.MethodDelete, p.index); n != 7 {
		t.Errorf("%d requests", n)
	}
}
