package workflow

import (
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

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
