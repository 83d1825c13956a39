package workflow

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/expression"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// messageOn returns the message that a node gets: that of the decision, or else the one that it has,
// and who decided, in the notation of Argo's server.
func (d *decision) messageOn(n *status.Node) string {
	message := cmp.Or(d.message, n.Message)
	if d.by == "" {
		return message
	}
	who := fmt.Sprintf("%s: map[User:%s]", d.verb.byWhom, d.by)
	if message == "" {
		return who
	}
	return message + "; " + who
}

// actorLabels returns the labels with which Argo's server records who did what to a workflow last
// (LabelActor in util/creator of Argo's source), as a part of a merge patch; it is empty if nothing changes. Argo has
// the actor from a login: a subject, an e-mail address and a preferred user name. Here by is the subject,
// and also the address if it looks like one. As in Argo, no label of another actor is left.
func actorLabels(by, action string, before map[string]string) map[string]any {
	labels := map[string]any{}
	for _, key := range []string{naming.LabelActor, naming.LabelActorEmail, naming.LabelActorUsername, naming.LabelAction} {
		if _, there := before[key]; there {
			labels[key] = nil
		}
	}
	if by != "" {
		labels[naming.LabelActor], labels[naming.LabelAction] = labelValue(by), action
		if user, host, is := strings.Cut(by, "@"); is && user != "" && host != "" && !strings.ContainsAny(host, "@ ") {
			labels[naming.LabelActorEmail] = labelValue(user + ".at." + host)
		}
	}
	return labels
}

// labelValue returns text as a label value, as Argo makes one: other characters become dashes, only
// the last 63 bytes stay, and it begins and ends with a letter or digit.
func labelValue(text string) string {
	const most = 63
	letterOrDigit := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	value := strings.Map(func(r rune) rune {
		if letterOrDigit(r) || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, text)
	value = value[max(0, len(value)-most):]
	return strings.TrimFunc(value, func(r rune) bool { return !letterOrDigit(r) })
}

// recordedProblems checks a string that is recorded on the workflow. Of control characters, it may
// contain those in allowed.
func recordedProblems(path *field.Path, text string, most int, allowed string) (problems field.ErrorList) {
	if len(text) > most {
		return field.ErrorList{field.TooLong(path, "", most)}
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(allowed, r) }) {
		problems = append(problems, spec.Hidden(path, "must be valid UTF-8 without control characters"))
	}
	if expression.In(text) {
		problems = append(problems, spec.Hidden(path, "contains {{, which Argo would evaluate in an exit handler that reads workflow.failures"))
	}
	return problems
}
