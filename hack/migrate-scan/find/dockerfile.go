package find

import (
	"encoding/json"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// Dockerfile finds what RUN, CMD and ENTRYPOINT run on workflows, as text or as a list. What is in
// a heredoc is not looked at.
func Dockerfile(text string) ([]old.Finding, error) {
	c := newCollector(text)
	offset := 0
	for logical := range logicalLines(text, `\`) {
		instruction, rest, _ := strings.Cut(strings.TrimLeft(logical, " \t"), " ")
		switch strings.ToUpper(instruction) {
		case "RUN", "CMD", "ENTRYPOINT":
			rest = withoutOptions(rest)
			instructionInto(c, rest, offset+len(logical)-len(rest))
		}
		offset += len(logical)
	}
	return c.sorted(), nil
}

// withoutOptions is an instruction's text behind options such as --mount=….
func withoutOptions(rest string) string {
	for {
		rest = strings.TrimLeft(rest, " \t\\\r\n")
		if !strings.HasPrefix(rest, "--") {
			return rest
		}
		_, rest, _ = strings.Cut(rest, " ")
	}
}

func instructionInto(c *collector, rest string, offset int) {
	var words []string
	if err := json.Unmarshal([]byte(rest), &words); err == nil {
		for _, u := range process(words) {
			c.add(offset, u)
		}
		return
	}
	// A comment between lines that go on, and a heredoc, are Docker's own and no shell.
	_ = eachCommand(rest, func(found command) {
		for _, u := range process(found.words) {
			c.add(offset+found.offset, u.Weaken(found.sure))
		}
	})
}
