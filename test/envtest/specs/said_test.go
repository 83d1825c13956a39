package specs_test

import (
	"log/slog"
	"slices"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
)

// said is everything that the clients of this process log, and the arguments of the processes that
// they run. tokens are the clients' credentials. All other secrets contain [conformance.Planted].
var (
	said   = gbytes.NewBuffer()
	tokens tokenList
)

type tokenList struct {
	mu  sync.Mutex
	all []string
}

func (l *tokenList) add(token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, token)
}

// logging returns the observer of the specs' clients.
func logging() workflow.Observer {
	return workflow.NewLogObserver(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// No secret was logged or passed as an argument.
var _ = SynchronizedAfterSuite(func() {
	text := string(said.Contents())
	Expect(text).NotTo(ContainSubstring(conformance.Planted))
	logged := func(token string) bool { return strings.Contains(text, token) }
	Expect(slices.ContainsFunc(tokens.all, logged)).To(BeFalse(), "a token was logged")
}, func() {})

// No secret was printed by a program that the specs ran, or by the specs.
var _ = ReportAfterSuite("secrets", func(report Report) {
	for _, spec := range report.SpecReports {
		Expect(spec.CapturedGinkgoWriterOutput+spec.CapturedStdOutErr+spec.Failure.Message).NotTo(
			ContainSubstring(conformance.Planted), "in spec %q", spec.FullText())
	}
})
