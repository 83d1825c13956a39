package main

import (
	"strings"
	"unicode"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// hints are commands that a user may run next.
type hints struct{ program string }

func (c *command) hints() hints {
	words := []string{"backfill", "--config", c.config}
	if c.kubeconfig != "" {
		words = append(words, "--kubeconfig", c.kubeconfig)
	}
	if c.context != "" {
		words = append(words, "--context", c.context)
	}
	if c.journalFile != "" {
		words = append(words, "--journal", c.journalFile)
	}
	return hints{shellWords(words)}
}

// noHint is shown if no command selects the gate alone.
const noHint = "no command names this gate alone; see -o json"

// approve returns the command that approves a gate, given all waiting gates. The command can be
// copied: it approves this gate and does nothing else, whatever the gate's name.
func (h hints) approve(gate workflow.Gate, waiting []workflow.Gate) string {
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
	command := shellWords(append(words, "--", name)) // nothing after -- is a flag
	if len(command) > mostText {
		return noHint
	}
	return h.program + " " + command
}

// nameOf returns the gate's name, or else its ID, for use with approve. Neither may select another
// gate.
func nameOf(gate workflow.Gate, waiting []workflow.Gate) (string, bool) {
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

// plain reports whether a name can be read and typed as it is.
func plain(name string) bool {
	const most = 256
	return name != "" && len(name) <= most && name == status.Printable(name) && name == oneLine(name) && !strings.ContainsFunc(name, strangeSpace)
}

// strangeSpace reports whether a character looks like a space but is a different one.
func strangeSpace(r rune) bool { return r != ' ' && unicode.IsSpace(r) }

// shellWords quotes words for a shell.
func shellWords(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if word == "" || word[0] == '=' || strings.ContainsFunc(word, special) { // zsh expands =ls to a path
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

func special(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_-./:=+,@%…", r)
}
