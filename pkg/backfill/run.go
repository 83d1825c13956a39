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

// The runs of a session are the workflows with its label. The number of a run is in another label,
// since a name can be shortened. The first run has no number.
const (
	labelSession = "argoservice.opensearch.org/session"
	labelRun     = "argoservice.opensearch.org/run"
)

// maxNameLength is that of a workflow's name, which Argo uses as the value of a label.
const maxNameLength = 63

// runName derives a workflow's name from the session and the number alone, so that a session cannot
// have two workflows of one run. Later runs have a hash in their name: without it the second run of
// "a" could have the name of the first run of "a-run-2".
func runName(session string, run int) string {
	name := "backfill-" + session
	if run > 1 {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", session, run))
		name += "-run-" + strconv.Itoa(run) + "-" + hex.EncodeToString(sum[:4])
	}
	return shorten(name, maxNameLength)
}

// runOf returns the number of a run; 0 if s is nil.
func runOf(s *status.WorkflowStatus) int {
	if s == nil {
		return 0
	}
	if run, err := strconv.Atoi(s.Labels[labelRun]); err == nil && run > 1 {
		return run
	}
	return 1
}

// requestFor returns the request that starts a run.
func (b *argoBackfill) requestFor(run int) workflow.StartRequest {
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

// latestRun returns the latest run of the session, or nil if there is none. It counts those that are only in
// the history of the client, so that a run is never started again. Start and Restart never create two
// workflows of one run, so two of them are an error that a person has to resolve.
func (b *argoBackfill) latestRun(ctx context.Context) (*status.WorkflowStatus, error) {
	var latest, other *status.WorkflowStatus
	opts := workflow.ListOptions{LabelSelector: labelSession + "=" + b.session, Archived: true}
	for s, err := range b.deps.Workflows.List(ctx, opts) {
		if err != nil {
			return nil, b.wrap(err)
		}
		run := runOf(s)
		switch {
		case past(s) && s.Name != runName(b.session, run): // a copy, which has the label too
		case run > runOf(latest):
			latest, other = s, nil
		case run == runOf(latest) && !past(s): // those of the past come last, the latest of them first
			other = s
		}
	}
	if other != nil {
		return nil, b.wrap(fmt.Errorf("%w: workflows %s and %s are both run %d of the session; delete one, or remove its label %s",
			workflow.ErrConflict, latest.Name, other.Name, runOf(latest), labelSession))
	}
	return latest, nil
}

// past reports whether a run's workflow is no longer in the cluster.
func past(s *status.WorkflowStatus) bool { return s.Source == status.SourceHistory }

// over reports whether a run has ended, or its workflow is no longer in the cluster.
func over(s *status.WorkflowStatus) bool { return s.Completed() || past(s) }

// activeRun returns the latest run if it has neither ended nor been stopped.
func (b *argoBackfill) activeRun(ctx context.Context) (*status.WorkflowStatus, error) {
	s, err := b.latestRun(ctx)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return nil, b.wrap(ErrNotStarted)
	case s.Completed():
		return nil, b.wrap(fmt.Errorf("%w: it is %s", ErrEnded, s.Outcome()))
	case past(s):
		return nil, b.wrap(fmt.Errorf("%w: its workflow was deleted, and the history does not know how it ended", ErrEnded))
	case s.Shutdown != status.ShutdownNone:
		return nil, b.wrap(fmt.Errorf("%w: it is being stopped", ErrEnded))
	}
	return s, nil
}

// differing names what makes a run another backfill than the configuration describes: the template,
// the snapshot, the target or the coordinator. Other differences, such as the number of workers or a parameter that
// a later version of this library adds, do not matter.
func (b *argoBackfill) differing(s *status.WorkflowStatus) []string {
	var differing []string
	if s.Template.Name != b.request.Template {
		differing = append(differing, "workflow_template_name")
	}
	if s.Entrypoint != b.request.Entrypoint {
		differing = append(differing, "entrypoint")
	}
	parameters, optional := b.arguments()
	values := []string{"snapshot-name", "snapshot-repo-name", "s3-repo-uri", "target-host", "coordinator-host"}
	names, mapping := values, b.cfg.Backfill.Argo.ParameterMapping
	if mapping != nil {
		names = mappedFrom(mapping, values)
	}
	for _, name := range names {
		value, given := parameters[name]
		if !given {
			value, given = optional[name]
		}
		at := slices.IndexFunc(s.Arguments, func(p status.Parameter) bool { return p.Name == name })
		switch {
		case at >= 0 && (!given || parameterDiffers(mapping[name], value, s.Arguments[at].Value, values)):
			differing = append(differing, name)
		case at < 0 && given && s.Annotations[workflow.AnnotationAbridged] != "":
			differing = append(differing, name+" (the history has not recorded it)")
		}
	}
	return differing
}
