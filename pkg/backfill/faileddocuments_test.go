package backfill

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/fakekube"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// What a status says is decided by evidence: unknown is neither present nor absent.
func TestFailedDocuments(t *testing.T) {
	const place = "s3://bucket/prefix/session=1/"
	done := Counts{LaidOutAt: time.Unix(1, 0), Total: 2, Completed: 2}
	running := Counts{LaidOutAt: time.Unix(1, 0), Total: 2, Completed: 1, InProgress: 1}
	unreadable := errors.New("access denied")
	for name, tc := range map[string]struct {
		counts Counts
		read   FailedDocumentsReader
		shards ShardState // "" if they are an error
		want   FailedDocuments
		err    error
	}{
		"no reader":           {done, nil, ShardsCompleted, FailedDocuments{Presence: PresenceUnknown}, nil},
		"not recorded":        {done, always(FailedDocuments{}, nil), ShardsCompleted, FailedDocuments{Presence: PresenceUnknown}, nil},
		"none":                {done, always(FailedDocuments{PresenceAbsent, place}, nil), ShardsCompleted, FailedDocuments{PresenceAbsent, place}, nil},
		"some":                {done, always(FailedDocuments{PresencePresent, place}, nil), ShardsCompletedWithErrors, FailedDocuments{PresencePresent, place}, nil},
		"some, working":       {running, always(FailedDocuments{PresencePresent, place}, nil), ShardsRunning, FailedDocuments{PresencePresent, place}, nil},
		"unreadable":          {done, always(FailedDocuments{PresenceAbsent, place}, unreadable), "", FailedDocuments{}, unreadable},
		"unreadable, working": {running, always(FailedDocuments{}, unreadable), ShardsRunning, FailedDocuments{}, unreadable},
		"no presence":         {done, always(FailedDocuments{Presence: "maybe"}, nil), "", FailedDocuments{}, nil},
		"a password":          {done, always(FailedDocuments{PresencePresent, "https://u:s3cr3t@minio/b"}, nil), ShardsCompletedWithErrors, FailedDocuments{PresencePresent, "https://*****@minio/b"}, nil},
	} {
		deployment := fakekube.New(t, `
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, uid: d}, spec: {replicas: 0, selector: {matchLabels: {app: d}}}}
`)
		deps := Dependencies{
			Workflows: &recorder{runs: states(status.PhaseSucceeded)}, Kubernetes: deployment.Client(nil),
			WorkingState: &countsOnly{counts: tc.counts}, FailedDocuments: tc.read,
		}
		for _, provider := range []string{
			"{reindex_from_snapshot: {argo: {workflow_template_name: bulk-load}}}", "{reindex_from_snapshot: {k8s: {namespace: ma, deployment_name: d}}}",
		} {
			b, err := New(config(t, "backfill", provider), deps)
			if err != nil {
				t.Fatal(err)
			}
			st, err := b.Status(t.Context())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			isKnown := tc.want != (FailedDocuments{})
			if st.FailedDocuments.Data != tc.want || st.FailedDocuments.Success() != isKnown || !isKnown && tc.err != nil && !errors.Is(st.FailedDocuments.Err, tc.err) {
				t.Errorf("%s: %+v", name, st.FailedDocuments)
			}
			if st.Shards.Data.State != tc.shards || st.Shards.Success() != (tc.shards != "") || tc.shards == "" && tc.err != nil && !errors.Is(st.Shards.Err, tc.err) {
				t.Errorf("%s: shards: %+v", name, st.Shards)
			}
			text, err := json.Marshal(st)
			if err != nil || strings.Contains(string(text), "s3cr3t") || tc.want.Presence != "" && !strings.Contains(string(text), `"presence":"`+string(tc.want.Presence)+`"`) {
				t.Errorf("%s: %s, %v", name, text, err)
			}
		}
	}
}

func always(found FailedDocuments, err error) FailedDocumentsReader {
	return func(context.Context, string) (FailedDocuments, error) { return found, err }
}

// A worker records failures before it completes an item, so the record is read after the items.
func TestFailedDocumentsAreReadAfterTheItems(t *testing.T) {
	recorded := false
	state := &recording{recorded: &recorded}
	p := readProgress(t.Context(), Dependencies{WorkingState: state, FailedDocuments: func(context.Context, string) (FailedDocuments, error) {
		if recorded {
			return FailedDocuments{Presence: PresencePresent}, nil
		}
		return FailedDocuments{Presence: PresenceAbsent}, nil
	}}, "demo")
	if p.shards.Data.State != ShardsCompletedWithErrors {
		t.Errorf("%+v", p)
	}
}

// recording is a working state whose last item is completed as it is counted, right after a failure of
// it was recorded.
type recording struct {
	WorkingState
	recorded *bool
}

func (r *recording) Counts(context.Context, string, time.Time) (Counts, error) {
	*r.recorded = true
	return Counts{LaidOutAt: time.Unix(1, 0), Total: 1, Completed: 1}, nil
}

// Follow yields a status when failed documents appear, though nothing else changes.
func TestFollowShowsFailedDocuments(t *testing.T) {
	for _, provider := range []string{
		"{reindex_from_snapshot: {session_name: my, argo: {workflow_template_name: bulk-load}}}",
		"{reindex_from_snapshot: {session_name: my, k8s: {namespace: ma, deployment_name: d}}}",
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			read := func(_ context.Context, session string) (FailedDocuments, error) {
				if session == "my" && time.Since(began) > 5*time.Second {
					return FailedDocuments{Presence: PresencePresent}, nil
				}
				return FailedDocuments{Presence: PresenceAbsent}, nil
			}
			deployment := fakekube.New(t, `
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, uid: d}, spec: {replicas: 3, selector: {matchLabels: {app: d}}}}
`)
			all := states(status.PhaseRunning, status.PhaseSucceeded)
			b, err := New(config(t, "backfill", provider), Dependencies{
				Workflows: &idling{scripted{recorder: recorder{runs: all[:1]}}}, Kubernetes: deployment.Client(nil), FailedDocuments: read,
				WorkingState: &countsOnly{counts: Counts{LaidOutAt: time.Unix(1, 0), Total: 2, Completed: 1}},
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var seen []Presence
			for st, err := range b.Follow(ctx, FollowOptions{}) {
				if err != nil {
					t.Errorf("%s: %v", provider, err)
					break
				}
				if seen = append(seen, st.FailedDocuments.Data.Presence); seen[len(seen)-1] == PresencePresent {
					break
				}
			}
			if len(seen) != 2 || seen[0] != PresenceAbsent || seen[1] != PresencePresent {
				t.Errorf("%s: %v", provider, seen)
			}
		})
	}
}

// idling is a client whose workflow does not change.
type idling struct{ scripted }

func (*idling) Watch(ctx context.Context, _ string, _ ...workflow.WaitOption) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		<-ctx.Done()
		yield(nil, context.Cause(ctx))
	}
}
