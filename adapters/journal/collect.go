package journal

import (
	"context"
	"database/sql"
	"strconv"
	"time"
)

// How much one transaction deletes: records can be large.
const mostRecordsDeleted, mostDecisionsDeleted = 100, 1000

// collect deletes some of what was last recorded before the retention, and reports whether there is more.
// A start that is not resolved stays. A state that was stored within [fresh] need not be stored again, so
// what was seen since is at most that much older.
func (j *Journal) collect(ctx context.Context) (more bool) {
	if j.opts.Retention < 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, storeFor)
	defer cancel()
	before := time.Now().Add(-j.opts.Retention - fresh).UnixMicro()
	err := j.transact(ctx, func(tx *sql.Tx) error {
		records, err := affected(ctx, tx, "DELETE FROM "+recordsTable+" WHERE id IN (SELECT id FROM "+recordsTable+
			" WHERE cluster = $1 AND updated < $2 AND uid <> '' LIMIT "+strconv.Itoa(mostRecordsDeleted)+")"+
			" AND updated < $2", j.opts.Cluster, before) // again: it may have waited for a record that is seen now
		if err != nil {
			return err
		}
		decisions, err := affected(ctx, tx, "DELETE FROM "+decisionsTable+" WHERE id IN (SELECT id FROM "+decisionsTable+
			" d WHERE cluster = $1 AND decided < $2 AND NOT EXISTS (SELECT 1 FROM "+recordsTable+" r"+
			" WHERE r.cluster = d.cluster AND r.namespace = d.namespace AND r.uid = d.uid AND r.uid <> '') LIMIT "+
			strconv.Itoa(mostDecisionsDeleted)+")", j.opts.Cluster, before)
		more = records == mostRecordsDeleted || decisions == mostDecisionsDeleted
		return err
	})
	if err != nil {
		j.opts.OnError(&databaseError{"delete what is too old", err})
		return false
	}
	return more
}
