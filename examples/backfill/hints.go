package main

import (
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// hints are the commands that a user may go on with.
type hints struct{ program string }

func (c *command) hints() hints {
	words := []string{"backfill", "--config", c.config}
	if c.kubeconfig != "" {
		words = append(words, "--kubeconfig", c.kubeconfig)
	}
	if c.context != "" {
		words = append(words, "--context", c.context)
	}
	return hints{shellWords(words)}
}

// approve is how a gate is passed.
func (h hints) approve(gate backfill.Gate) string {
	words := []string{"approve", gate.Name}
	for _, o := range gate.Outputs {
		if o.Default == nil && o.Name != approvedBy {
			words = append(words, "--output", o.Name+"=…")
		}
	}
	return h.program + " " + shellWords(words)
}

// shellWords quotes what a shell would take apart.
func shellWords(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if word == "" || strings.ContainsFunc(word, special) {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

func special(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_-./:=+,@%…", r)
}
