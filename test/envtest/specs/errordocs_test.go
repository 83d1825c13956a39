package specs_test

import (
	"os"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
)

// docs/errors.md documents every error that occurred in the specs.
var _ = ReportAfterSuite("documented errors", func(report Report) {
	text := must(os.ReadFile("../../../docs/errors.md"))
	documented := map[string]string{} // operation → the rest of its line
	for line := range strings.Lines(string(text)) {
		if operation, errors, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "` | "); ok {
			documented[operation] = errors
		}
	}
	for _, spec := range report.SpecReports {
		for _, entry := range spec.ReportEntries {
			if entry.Name != conformance.ErrorEntry {
				continue
			}
			met := entry.StringRepresentation()
			cut := strings.LastIndex(met, " ")
			Expect(documented[met[:cut]]+" ").To(ContainSubstring("`"+met[cut+1:]+"`"), "%s, in spec %q", met, spec.FullText())
		}
	}
})
