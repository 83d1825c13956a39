package main

import (
	"strings"
	"unicode"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
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

// noHint stands where no command says which gate is meant.
const noHint = "no command names this gate alone; see -o json"

// approve is how a gate is passed, of those that wait. The command can be copied: it passes this gate
// and nothing else, whatever others have called it.
func (h hints) approve(gate backfill.Gate, waiting []backfill.Gate) string {
	name, ok := nameOf(gate, waiting)
	if !ok {
		return noHint
	}
	words := []string{"approve"}
	for _, o := range gate.Outputs {
		if o.Default != nil || o.Name == approvedBy {
			continue
		}
		if strings.Contains(o.Name, "=") || !plain(o.Name) {
			return noHint
		}
		words = append(words, "--output", o.Name+"=…")
	}
	command := shellWords(append(words, "--", name)) // what is behind -- is no flag
	if len(command) > mostText {
		return noHint
	}
	return h.program + " " + command
}

// nameOf is what approve calls a gate: its name, or else its id. Neither may mean another gate.
func nameOf(gate backfill.Gate, waiting []backfill.Gate) (string, bool) {
	for _, name := range []string{gate.Name, gate.ID} {
		if !plain(name) || strings.ContainsAny(name, `*?[\`) {
			continue
		}
		meant := 0
		for _, each := range waiting {
			if each.Name == name || each.ID == name {
				meant++
			}
		}
		if meant == 1 {
			return name, true
		}
	}
	return "", false
}

// plain reports whether a name can be read, and typed, as it is.
func plain(name string) bool {
	const most = 256
	return name != "" && len(name) <= most && name == status.Printable(name) && name == oneLine(name) && !strings.ContainsFunc(name, strangeSpace)
}

// strangeSpace tells spaces that look like the usual one and are not.
func strangeSpace(r rune) bool { return r != ' ' && unicode.IsSpace(r) }

// shellWords quotes what a shell would take apart.
func shellWords(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if word == "" || word[0] == '=' || strings.ContainsFunc(word, special) { // zsh takes =ls for a path
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

func special(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_-./:=+,@%…", r)
}
