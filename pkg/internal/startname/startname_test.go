package startname

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// A running workflow is found by the name of its key, so the name must never change.
func TestOfKeyIsGolden(t *testing.T) {
	if name := OfKey("session-42"); name != "key-yhqhogq45obrebu5s62hjyey" {
		t.Error(name)
	}
}

func TestGiven(t *testing.T) {
	for _, tc := range []struct{ name, key, want string }{
		{"n", "", "n"}, {"n", "k", "n"}, {"", "k", OfKey("k")}, {"", "", ""},
	} {
		if got := Given(tc.name, tc.key); got != tc.want {
			t.Errorf("%q, %q: %q", tc.name, tc.key, got)
		}
	}
}

func TestRandom(t *testing.T) {
	one := Random("reindex")
	if !strings.HasPrefix(one, "reindex-") || len(one) != len("reindex-")+GeneratedLength || one == Random("reindex") {
		t.Error(one)
	}
	long := Random(strings.Repeat("long.", 20) + "x")
	if len(long) > naming.MaxLength || len(validation.IsDNS1123Subdomain(long)) > 0 {
		t.Error(long)
	}
}

func TestOfCopy(t *testing.T) {
	for old, want := range map[string]string{"reindex-x7f2k": "reindex", "reindex": "reindex", "w-agent": "w-agent", "-x7f2k": "-x7f2k"} {
		if got := OfCopy(old); got != want {
			t.Errorf("%s: %s", old, got)
		}
	}
}

func TestOfManifest(t *testing.T) {
	for want, metadata := range map[string]map[string]any{
		"load": {"generateName": "load-", "name": "n"}, "n": {"name": "n"}, "given": {},
	} {
		if got := OfManifest(&unstructured.Unstructured{Object: map[string]any{"metadata": metadata}}, "given"); got != want {
			t.Errorf("%v: %s", metadata, got)
		}
	}
}
