package journal

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"os"
	"time"
)

const (
	// storeEvery is how often states are stored that are neither the first nor the last of a workflow, and
	// how often what could not be written is tried again.
	storeEvery = time.Second
	// storeFor limits a transaction, and closeFor what Close waits for.
	storeFor, closeFor = 30 * time.Second, 30 * time.Second
	// patience is how long what records blocks, but for RecordStart and RecordRefused.
	patience = time.Second
	// collectEvery is how often what is too old is deleted, and collectPause the pause between two of the
	// transactions that do so, in which others get their turn.
	collectEvery, collectPause = time.Hour, 50 * time.Millisecond
	// turn is how long a SQLite file is left to others after a transaction.
	turn = 5 * time.Millisecond
)

// write is a part of a transaction.
type write = func(ctx context.Context, tx *sql.Tx) error

// request is a write that a caller waits for.
type request struct {
	run    write
	done   chan error      // has room for one element
	failed func(err error) // if not nil, a request that fails is repeated, and this is called before
}

// do has the writer run a write, in a transaction that others may share, and blocks until that is
// committed or ctx ends. In the latter case the write may be carried out nevertheless. run may be called
// again if the transaction fails.
func (j *Journal) do(ctx context.Context, run write) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return j.await(ctx, request{run: run, done: make(chan error, 1)})
}

// await gives a request to the writer, which runs it in any case, and blocks as do.
func (j *Journal) await(ctx context.Context, r request) error {
	if err := j.send(r); err != nil {
		return err
	}
	select {
	case err := <-r.done:
		return err
	case <-j.stopped:
		select {
		case err := <-r.done: // of its last transaction
			return err
		default:
			return errClosed
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// write runs until the journal is closed. One goroutine writes, so that the writes that wait while it
// commits share the next transaction: with a commit that has to reach the disk, that is what makes many
// starts fast.
func (j *Journal) write(ctx context.Context) {
	defer close(j.stopped)
	tick := time.NewTicker(storeEvery)
	defer tick.Stop()
	collect := time.NewTimer(0)
	defer collect.Stop()
	for {
		select {
		case <-j.wakes:
			j.commit(ctx, j.requests(), j.urgentEntries())
		case <-tick.C:
			j.repeatFailed()
			j.flush(ctx)
		case <-collect.C:
			if j.collect(ctx) {
				collect.Reset(collectPause)
			} else {
				collect.Reset(collectEvery)
			}
		case <-j.stopping:
			j.repeatFailed()
			j.flush(ctx)
			return
		}
	}
}

// flush writes all that is queued.
func (j *Journal) flush(ctx context.Context) {
	for {
		requests, queued := j.requests(), j.entries()
		if len(requests)+len(queued) == 0 || !j.commit(ctx, requests, queued) {
			return
		}
	}
}

// commit writes all in one transaction. If that fails because of one of the writes, it writes each in a
// transaction of its own. It puts what has to be written nevertheless back into the queue, and reports whether
// all of that succeeded.
func (j *Journal) commit(ctx context.Context, requests []request, entries []*entry) bool {
	if len(requests)+len(entries) == 0 {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, storeFor)
	defer cancel()
	writes := make([]write, 0, len(requests)+len(entries))
	for _, r := range requests {
		writes = append(writes, r.run)
	}
	for _, e := range entries {
		writes = append(writes, func(ctx context.Context, tx *sql.Tx) error { return j.store(ctx, tx, e.record) })
	}
	errs := make([]error, len(writes))
	err := j.transact(ctx, func(tx *sql.Tx) error {
		for _, write := range writes {
			if err := write(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		apart := len(writes) > 1 && divisible(err)
		for i, write := range writes {
			if apart && ctx.Err() == nil {
				err = j.transact(ctx, func(tx *sql.Tx) error { return write(ctx, tx) })
			}
			if errs[i] = err; err != nil && ctx.Err() != nil { // which is not the context of a caller
				errs[i] = errSlow
			}
		}
	}
	succeeded := true
	for i, r := range requests {
		err := errs[i]
		if err != nil && r.failed != nil {
			r.failed(err)
			j.repeat(r)
			succeeded = false
		}
		select {
		case r.done <- err:
		default: // it has failed before
		}
	}
	for i, e := range entries {
		if err := errs[len(requests)+i]; err != nil {
			j.opts.OnError(&databaseError{"store workflow " + e.namespace + "/" + e.name, err})
			j.requeue(e)
			succeeded = false
			continue
		}
		j.stored(e)
	}
	return succeeded
}

// transact is a transaction that is committed only if the journal is still where others find it.
func (j *Journal) transact(ctx context.Context, do func(tx *sql.Tx) error) error {
	err := j.inTurn(ctx, func() error {
		return transact(ctx, j.writes, func(tx *sql.Tx) error {
			if err := do(tx); err != nil {
				return err
			}
			return j.file.check()
		})
	})
	if j.file == nil {
		return err
	}
	if moved := j.file.check(); err != nil && moved != nil {
		return moved
	}
	select {
	case <-time.After(turn): // in which others find the file free
	case <-ctx.Done():
	}
	return err
}

// inTurn makes an attempt to write, and repeats it while another process writes to the file, for as long as ctx
// lasts.
//
// SQLite has no queue for its lock: who waits looks now and then whether it is free. With its own timeout,
// which looks ten times a second in the end, a process that writes without a pause can keep all others out.
// So this looks every few milliseconds, and transact leaves the file alone for longer than that.
func (j *Journal) inTurn(ctx context.Context, attempt func() error) error {
	for {
		err := attempt()
		if j.file == nil || !isBusy(err) {
			return err
		}
		select {
		case <-time.After(rand.N(turn)):
		case <-ctx.Done():
			return err
		}
	}
}

// file is the one that a journal was opened in. It is nil if the journal is not in a file.
type file struct {
	path string
	info os.FileInfo
}

// check returns an error if the path is no longer that of the file. SQLite would go on with a file that has
// no name, while other processes make a new one, in which the same keys are free.
func (f *file) check() error {
	if f == nil {
		return nil
	}
	switch info, err := os.Stat(f.path); {
	case err != nil && !os.IsNotExist(err):
		return err
	case err != nil || !os.SameFile(info, f.info):
		return errMoved
	}
	return nil
}
