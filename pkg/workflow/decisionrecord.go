package workflow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/uuid"
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

// mostDecisionIDs is how many decisions a workflow keeps the IDs of: more than other clients make
// while one of them looks for its own.
const mostDecisionIDs = 16

func newDecisionID() string { return string(uuid.NewUUID()) }

// metadata returns the merge patch for metadata that records d.
func (d *decision) metadata(s *status.WorkflowStatus) map[string]any {
	patch := map[string]any{"annotations": map[string]any{naming.AnnotationDecisions: d.withID(decisionIDs(s.Annotations))}}
	if labels := actorLabels(d.by, d.verb.action, s.Labels); len(labels) > 0 {
		patch["labels"] = labels
	}
	return patch
}

// withID returns the annotation that has the ID of d after those of earlier decisions.
func (d *decision) withID(ids []string) string {
	ids = slices.DeleteFunc(ids, func(id string) bool { return len(id) != len(d.id) }) // not written here
	return strings.Join(append(ids[max(0, len(ids)-mostDecisionIDs+1):], d.id), " ")
}

// tookEffect reports whether d was written. What it wrote can have been replaced since.
func (d *decision) tookEffect(now *status.WorkflowStatus) (bool, error) {
	return slices.Contains(decisionIDs(now.Annotations), d.id), nil
}

func decisionIDs(annotations map[string]string) []string {
	return strings.Fields(annotations[naming.AnnotationDecisions])
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

// recordedProblems checks a string that is recorded on the workflow. Of the characters that are not
// printable, it may contain those in allowed.
func recordedProblems(path *field.Path, text string, most int, allowed string) (problems field.ErrorList) {
	if len(text) > most {
		return field.ErrorList{field.TooLong(path, "", most)}
	}
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(allowed, r) }) {
		if part != status.Printable(part) {
			problems = append(problems, spec.Hidden(path, "must be valid UTF-8 without control characters, and without others that are invisible or change the writing direction"))
			break
		}
	}
	if squeezed := strings.ToLower(strings.Join(strings.Fields(text), "")); strings.Contains(squeezed, "by:map[") {
		problems = append(problems, spec.Hidden(path, `contains "by: map[", with which Argo says who decided`))
	}
	if expression.In(text) {
		problems = append(problems, spec.Hidden(path, "contains {{, which Argo would evaluate in an exit handler that reads workflow.failures"))
	}
	return problems
}
