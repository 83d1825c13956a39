package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"
)

// manifest contains what the tests read of the Service and the Deployment.
type manifest struct {
	Metadata struct{ Name string }
	Spec     struct{ Template struct{ Spec podSpec } }
}

type podSpec struct {
	TerminationGracePeriodSeconds int
	Containers                    []struct {
		Args      []string
		Env       []struct{ Name, Value string }
		Resources struct{ Limits struct{ Memory string } }
	}
}

func readManifest(t *testing.T, name string) (m manifest) {
	t.Helper()
	text, err := os.ReadFile("deploy/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func quantity(t *testing.T, text string) resource.Quantity {
	t.Helper()
	q, err := resource.ParseQuantity(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return q
}

func TestTheDeploymentFitsTheProgram(t *testing.T) {
	pod := readManifest(t, "deployment.yaml").Spec.Template.Spec
	service := readManifest(t, "service.yaml").Metadata.Name
	container := pod.Containers[0]

	args := slices.Clone(container.Args)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "$(NAMESPACE)", "ns") // as the kubelet does
	}
	s, err := parse(args, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{service, service + ".ns", service + ".ns.svc", service + ".ns.svc.cluster.local"} {
		if !slices.Contains(s.hosts, name) {
			t.Errorf("requests to the Service as %s are refused", name)
		}
	}
	if grace := time.Duration(pod.TerminationGracePeriodSeconds) * time.Second; grace <= s.drain+finishWithin+2*lastWords { // for requests, and then for scrapes
		t.Errorf("it is killed after %s", grace)
	}
	env := map[string]string{}
	for _, each := range container.Env {
		env[each.Name] = each.Value
	}
	soft, hard := quantity(t, strings.TrimSuffix(env["GOMEMLIMIT"], "B")), quantity(t, container.Resources.Limits.Memory)
	if soft.Cmp(hard) >= 0 {
		t.Errorf("garbage is collected in earnest at %s of %s", &soft, &hard)
	}
}
