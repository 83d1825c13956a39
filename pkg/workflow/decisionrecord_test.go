package workflow

import (
	"maps"
	"strings"
	"testing"
)

func TestLabelValue(t *testing.T) {
	for text, want := range map[string]string{
		"ops":                         "ops",
		"ops@example.com":             "ops-example.com",
		"CN=Ann Müller,OU=x":          "CN-Ann-M-ller-OU-x",
		"--.ann_":                     "ann",
		"日本":                          "",
		strings.Repeat("x", 63) + "y": strings.Repeat("x", 62) + "y",
		strings.Repeat("x", 3) + strings.Repeat("@", 5) + strings.Repeat("y", 60): strings.Repeat("y", 60),
	} {
		if got := labelValue(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestActorLabels(t *testing.T) {
	const prefix = "workflows.argoproj.io/"
	before := map[string]string{prefix + "actor": "eve", prefix + "actor-preferred-username": "eve", prefix + "creator": "ann"}
	for by, want := range map[string]map[string]any{
		"":         {prefix + "actor": nil, prefix + "actor-preferred-username": nil},
		"bob":      {prefix + "actor": "bob", prefix + "actor-preferred-username": nil, prefix + "action": "Resume"},
		"bob@x.io": {prefix + "actor": "bob-x.io", prefix + "actor-email": "bob.at.x.io", prefix + "actor-preferred-username": nil, prefix + "action": "Resume"},
		"a@b@c":    {prefix + "actor": "a-b-c", prefix + "actor-preferred-username": nil, prefix + "action": "Resume"},
	} {
		if got := actorLabels(by, "Resume", before); !maps.Equal(got, want) {
			t.Errorf("%q: %v", by, got)
		}
	}
	if got := actorLabels("", "Resume", nil); len(got) > 0 {
		t.Errorf("%v", got)
	}
}
