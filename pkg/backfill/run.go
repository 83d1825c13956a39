package backfill

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The runs of a session are workflows with its label; the number is in another label, since a
// name can be shortened. The first run has none.
const (
	labelSession = "argoservice.opensearch.org/session"
	labelRun     = "argoservice.opensearch.org/run"
)

// maxNameLength is of a workflow's name, which becomes the value of a label.
const maxNameLength = 63

// runName is made from the session and the number alone, so that a session can't have two workflows
// of the same run. Later runs have a hash, without which the second run of "a" could have the name of
// the first of "a-run-2".
func runName(session string, run int) string {
	name := "backfill-" + session
	if run > 1 {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", session, run))
		name += "-run-" + strconv.Itoa(run) + "-" + hex.EncodeToString(sum[:4])
	}
	return shorten(name, maxNameLength)
}

// runOf is the number of a run; 0: there is none.
func runOf(s *status.WorkflowStatus) int {
	if s == nil {
		return 0
	}
	if run, err := strconv.Atoi(s.Labels[labelRun]); err == nil && run > 1 {
		return run
	}
	return 1
}

func (b *argoBackfill) requestOf(run int) workflow.StartRequest {
	req := b.request
	req.Parameters, req.OptionalParameters = b.arguments()
	if run > 1 {
		number := strconv.Itoa(run)
		req.Name = runName(b.session, run)
		req.Labels = map[string]string{labelSession: b.session, labelRun: number}
		req.IdempotencyKey += "/" + number
	}
	return req
}

// current is the latest run of the session; nil: there is none. Two workflows of the same run were
// not both made by Start or Restart, and which one is meant is for a person to say.
func (b *argoBackfill) current(ctx context.Context) (*status.WorkflowStatus, error) {
	var latest, other *status.WorkflowStatus
	for s, err := range b.deps.Workflows.List(ctx, workflow.ListOptions{LabelSelector: labelSession + "=" + b.session}) {
		if err != nil {
			return nil, b.failed(err)
		}
		switch run := runOf(s); {
		case run > runOf(latest):
			latest, other = s, nil
		case run == runOf(latest):
			other = s
		}
	}
	if other != nil {
		return nil, b.failed(fmt.Errorf("%w: workflows %s and %s are both run %d of the session; delete one, or take the label %s from it",
			workflow.ErrConflict, latest.Name, other.Name, runOf(latest), labelSession))
	}
	return latest, nil
}

// differs names what makes a run that is there another backfill than the configuration describes:
// the template, the snapshot or the target. Anything else, such as a number of workers or a version
// of this library that knows one more parameter, is no reason not to go on with it.
func (b *argoBackfill) differs(s *status.WorkflowStatus) []string {
	var differs []string
	if s.Template.Name != b.request.Template {
		differs = append(differs, "workflow_template_name")
	}
	if s.Entrypoint != b.request.Entrypoint {
		differs = append(differs, "entrypoint")
	}
	parameters, optional := b.arguments()
	for _, name := range []string{"snapshot-name", "snapshot-repo-name", "s3-repo-uri", "target-host"} {
		value, given := parameters[name]
		if !given {
			value, given = optional[name]
		}
		at := slices.IndexFunc(s.Arguments, func(p status.Parameter) bool { return p.Name == name })
		if at >= 0 && (!given || fmt.Sprint(value) != s.Arguments[at].Value) {
			differs = append(differs, name)
		}
	}
	return differs
}
