package otel_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A host gets what go.mod lists: of OpenTelemetry only its API, in the oldest version that has
// everything this package calls. The host chooses the SDK.
func TestGoModHasOnlyTheAPI(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	required := regexp.MustCompile(`(?m)^\t(\S+) v\S+`).FindAllStringSubmatch(string(text), -1)
	var ofOpenTelemetry []string
	for _, line := range required {
		if strings.Contains(line[1], "opentelemetry") {
			ofOpenTelemetry = append(ofOpenTelemetry, line[1])
		}
	}
	if want := []string{"go.opentelemetry.io/otel", "go.opentelemetry.io/otel/trace"}; !slices.Equal(ofOpenTelemetry, want) {
		t.Errorf("go.mod has %v, want %v", ofOpenTelemetry, want)
	}
	if len(required) > 40 {
		t.Errorf("go.mod lists %d modules", len(required))
	}
}
