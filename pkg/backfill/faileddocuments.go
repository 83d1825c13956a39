package backfill

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/secret"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// FailedDocuments says whether documents failed for good, so that they are not on the target, and
// where they are recorded. The zero value says that it is not known.
type FailedDocuments struct {
	// Presence defaults to [PresenceUnknown]. In a Status it is never "".
	Presence Presence `json:"presence"`
	// Place is where the documents are or would be recorded, for people, such as the URL of a folder.
	// It is "" if that is not known. In a Status, credentials in a URL are masked.
	Place string `json:"place,omitempty"`
}

// Presence says whether there is something.
type Presence string

// The kinds of presence. Unknown is not the same as absent.
const (
	PresenceUnknown Presence = "unknown"
	PresenceAbsent  Presence = "absent"
	PresencePresent Presence = "present"
)

// FailedDocumentsReader reports whether documents of a session failed. The working state doesn't say:
// a work item is completed even if some of its documents were refused for good, which workers record
// elsewhere, such as in a bucket. One record is enough to tell, so a reader need not count them.
//
// A backfill calls it each time after it has counted the work items, possibly from several goroutines
// at once. It must end with ctx. Records that cannot be read are an error: an unreadable record is no
// evidence that there is none. If nothing is recorded, for example because workers were not told
// where, it returns the zero value.
type FailedDocumentsReader func(ctx context.Context, session string) (FailedDocuments, error)

// progress is what is known of the work.
type progress struct {
	shards workflow.Result[Shards]
	failed workflow.Result[FailedDocuments]
}

// readProgress reads the progress of a session. Failed documents are recorded before their work item is
// completed, so that they are read after the items.
func readProgress(ctx context.Context, deps Dependencies, session string) progress {
	p := progress{shards: workflow.ResultOf(readShards(ctx, deps.WorkingState, session))}
	p.failed = workflow.ResultOf(readFailedDocuments(ctx, deps.FailedDocuments, session))
	if p.shards.Success() && p.shards.Data.State == ShardsCompleted {
		switch {
		case p.failed.Err != nil:
			p.shards = workflow.ResultOf(Shards{}, fmt.Errorf("all work is done, but %w", p.failed.Err))
		case p.failed.Data.Presence == PresencePresent:
			p.shards.Data.State = ShardsCompletedWithErrors
		}
	}
	return p
}

func readFailedDocuments(ctx context.Context, read FailedDocumentsReader, session string) (FailedDocuments, error) {
	if read == nil {
		return FailedDocuments{Presence: PresenceUnknown}, nil
	}
	found, err := read(ctx, session)
	found.Presence = cmp.Or(found.Presence, PresenceUnknown)
	switch found.Presence {
	case PresenceUnknown, PresenceAbsent, PresencePresent:
	default:
		err = errors.Join(err, fmt.Errorf("the presence is %q", cut(string(found.Presence), maxName)))
	}
	if err != nil {
		return FailedDocuments{}, fmt.Errorf("it is not known whether documents failed: %w", err)
	}
	found.Place = secret.ScrubPlace(found.Place)
	return found, nil
}
