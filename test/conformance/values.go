package conformance

import (
	"errors"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// settings is what the template echo is started with, and what it returns.
type settings struct {
	Text     string            `json:"text"`
	Count    int64             `json:"count"`
	Settings map[string][]bool `json:"settings"`
	Timeout  time.Duration     `json:"timeout,omitempty"`
}

func describeValues(f *Fixture) {
	// Argo's executor removes one newline from the end of a file that is an output.
	It("starts from a struct, and reads outputs into it", Label(NeedsPods), func(ctx SpecContext) {
		template := f.template(ctx, echo)
		sent := settings{Text: "\"quoted\" <é> 'it' \\ {x}\n\n", Count: -1 << 60, Settings: map[string][]bool{"a b": {true, false}}}
		parameters := must(workflow.ParametersOf(sent))
		s := f.start(ctx, workflow.StartRequest{Template: template, Parameters: parameters})
		s = f.succeeded(ctx, s.Name)

		var got settings
		Expect(s.Node(s.Name).Outputs().Decode(&got)).To(Succeed())
		sent.Text = strings.TrimSuffix(sent.Text, "\n")
		sent.Timeout = time.Hour // the template's own
		Expect(got).To(Equal(sent))

		var other struct {
			Text  int    `json:"text"`
			Other string `json:"other"`
		}
		err := s.Node(s.Name).Outputs().Decode(&other)
		var failed *status.DecodeError
		Expect(errors.As(err, &failed)).To(BeTrue(), "%v", err)
		Expect(failed.Problems).To(HaveExactElements(
			And(HaveField("Parameter", "text"), HaveField("Missing", false)),
			And(HaveField("Parameter", "other"), HaveField("Missing", true)),
		))
		Expect(err.Error()).NotTo(ContainSubstring("quoted"))
	}, SpecTimeout(specTimeout))
}
