package journal

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Decision is a recorded decision about gates.
type Decision struct {
	Op      workflow.Op // OpApprove or OpReject
	At      time.Time   // by the clock of the client that decided
	By      string      // who decided; "" if the decision did not say
	Message string
	Gates   []string // the names of the gates, at most 1,000
}

// mostGates is how many gates of a decision are recorded, mostDecisions how many decisions are returned.
const mostGates, mostDecisions = 1000, 1000

// Decided implements [workflow.Recorder]. It blocks until the decision is stored, but for a second at
// most. If it is not stored by then, the journal stores it later.
func (j *Journal) Decided(ctx context.Context, d workflow.DecisionRecord) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	failed := func(err error) {
		j.opts.OnError(&databaseError{"record a decision about " + d.Namespace + "/" + d.Name, err})
	}
	insert, err := insertDecision(d, j.opts.Cluster)
	if err == nil {
		err = j.await(ctx, request{run: insert, done: make(chan error, 1), failed: failed})
		if !errors.Is(err, errClosed) && !errors.Is(err, errFull) {
			return // it is stored, or failed was called, or it waits
		}
	}
	failed(err)
}

// insertDecision returns the write of a decision.
func insertDecision(d workflow.DecisionRecord, cluster string) (write, error) {
	names := make([]string, 0, min(len(d.Gates), mostGates))
	for _, g := range d.Gates[:cap(names)] {
		names = append(names, cut(g.Name))
	}
	gates, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{"message": ""}
	var m mask
	m.put(fields, "message", d.Message)
	if err := m.apply(); err != nil {
		return nil, err
	}
	message, _ := fields["message"].(string)
	token := rand.Text()
	return func(ctx context.Context, tx *sql.Tx) error {
		return exec(ctx, tx, "INSERT INTO "+decisionsTable+" (token, cluster, namespace, uid, decided, op, decided_by, message, gates)"+
			" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING", token, cluster, column(d.Namespace), column(string(d.UID)),
			d.At.UnixMicro(), string(d.Op), column(cut(d.By)), column(message), string(gates))
	}, nil
}

// Decisions returns the decisions about the gates of a workflow that clients have made with this journal,
// in the order in which they were recorded, at most the first 1,000. It returns none for a workflow that
// the journal does not know.
//
// Errors match [workflow.ErrHistory], or are the context's.
func (j *Journal) Decisions(ctx context.Context, namespace string, uid types.UID) (decisions []Decision, err error) {
	ctx, cancel := limited(ctx)
	defer cancel()
	defer func() { err = unavailable(ctx, "read decisions", err) }()
	rows, err := j.db.QueryContext(ctx, "SELECT decided, op, decided_by, message, gates FROM "+decisionsTable+
		" WHERE cluster = $1 AND namespace = $2 AND uid = $3 ORDER BY id LIMIT $4", j.opts.Cluster, namespace, string(uid), mostDecisions)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d Decision
		var at int64
		var gates []byte
		if err := rows.Scan(&at, &d.Op, &d.By, &d.Message, &gates); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(gates, &d.Gates); err != nil {
			return nil, err
		}
		d.At = time.UnixMicro(at).UTC()
		decisions = append(decisions, d)
	}
	return decisions, rows.Err()
}
