package legacy

import (
	"errors"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestFromEnv(t *testing.T) {
	r, err := FromEnv(&rest.Config{Host: "http://127.0.0.1:1"}, FromEnvOptions{
		Options: Options{Namespace: "migrations"}, Lookup: func(name string) (string, bool) {
			if name == EnvPercent {
				return "10", true
			}
			return "", false
		},
	})
	if err != nil || r.Rollout() != (Rollout{Percent: 10}) || r.opts.Namespace != "migrations" {
		t.Errorf("%+v, %v", r, err)
	}
	_, env := FromEnv(&rest.Config{Host: "http://127.0.0.1:1"}, FromEnvOptions{Lookup: func(name string) (string, bool) {
		return map[string]string{EnvForce: "x"}[name], name == EnvForce
	}})
	_, cfg := FromEnv(nil, FromEnvOptions{Lookup: func(string) (string, bool) { return "", false }})
	_, namespace := FromEnv(&rest.Config{Host: "http://127.0.0.1:1"}, FromEnvOptions{Options: Options{Namespace: "No Namespace"}, Lookup: func(string) (string, bool) { return "", false }})
	for _, err := range []error{env, cfg, namespace} {
		if !errors.Is(err, workflow.ErrInvalid) {
			t.Error(err)
		}
	}
}
