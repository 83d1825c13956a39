package journal_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// childVariable is the environment variable of a process that the tests start, with what it is to do:
// a driver, a source, a verb, and its arguments, separated by line breaks.
const childVariable = "JOURNAL_TEST_CHILD"

// startChild starts a process that uses the journal at p.
func startChild(t *testing.T, p place, do ...string) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+strings.Join(append([]string{p.driver, p.source}, do...), "\n"))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

// child is what such a process does.
func child() {
	do := strings.Split(os.Getenv(childVariable), "\n")
	ctx := context.Background()
	if do[2] == "locked" {
		printLock(do[1])
		return
	}
	opts := journal.Options{OnError: func(err error) { fmt.Println("error", err) }}
	var j *journal.Journal
	var err error
	if do[0] == "sqlite" {
		j, err = journal.OpenSQLite(ctx, do[1], opts)
	} else {
		var db *sql.DB
		if db, err = sql.Open(do[0], do[1]); err == nil {
			j, err = journal.OpenPostgreSQL(ctx, db, opts)
		}
	}
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	switch do[2] {
	case "run":
		runUntilKilled(ctx, j, do[3])
	case "compete":
		number, _ := strconv.Atoi(do[3])
		of, _ := strconv.Atoi(do[4])
		compete(ctx, j, number, of)
		if err := j.Close(); err != nil {
			fmt.Println("error", err)
		}
	}
}

// printLock prints whether another process has the lock of the file that SQLite takes for as long as it has the
// file open. Without it, another process may remove the write-ahead log.
func printLock(path string) {
	const shared, size = 1<<30 + 2, 510 // where SQLite has that lock
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: shared, Len: size}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		err = syscall.FcntlFlock(file.Fd(), syscall.F_GETLK, &lock)
	}
	fmt.Println(lock.Type != syscall.F_UNLCK, err)
}

// A process that opens the file twice keeps its locks.
func TestOpenTwice(t *testing.T) {
	p := inFile(t)
	for range 2 {
		created(t, p.open(t, journal.Options{}), state{name: "w", uid: "u", version: 1})
	}
	cmd, out := startChild(t, p, "locked")
	text, err := io.ReadAll(out)
	if err := errors.Join(err, cmd.Wait()); err != nil {
		t.Fatal(err)
	}
	if got := string(text); got != "true <nil>\n" {
		t.Errorf("the file is locked: %s", got)
	}
}

// A process keeps a file open that was deleted, while others make a new one.
func TestFileIsDeleted(t *testing.T) {
	for name, then := range map[string]func(t *testing.T, p place){
		"deleted": func(*testing.T, place) {},
		"replaced": func(t *testing.T, p place) {
			if err := p.open(t, journal.Options{}).RecordStart(t.Context(), start("w", "k", "theirs"), ""); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := inFile(t)
			j := p.open(t, journal.Options{OnError: func(error) {}})
			for _, ending := range []string{"", "-wal", "-shm"} {
				if err := os.Remove(p.source + ending); err != nil {
					t.Fatal(err)
				}
			}
			then(t, p)
			err := j.RecordStart(t.Context(), start("w", "k", "ours"), "")
			if !errors.Is(err, workflow.ErrHistory) || !contains(err, "open it again") {
				t.Errorf("the key is recorded where no other process finds it: %v", err)
			}
			var knows interface{ Transient() bool }
			if !errors.As(err, &knows) || knows.Transient() {
				t.Errorf("it would be repeated: %v", err)
			}
		})
	}
}

// runUntilKilled runs workflows, as several calls of a client do at once, and prints each step once it
// is stored.
func runUntilKilled(ctx context.Context, j *journal.Journal, round string) {
	var calls sync.WaitGroup
	for call := range 4 {
		calls.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("w-%s-%d-%d", round, call, i)
				if err := j.RecordStart(ctx, start(name, "key-"+name, "call"), ""); err != nil {
					fmt.Println("error", err)
				}
				fmt.Println("key", name)
				w := state{name: name, uid: "uid-" + name, key: "key-" + name, version: 1}
				if err := j.RecordCreated(ctx, w.object()); err == nil { // the machine may be too busy
					fmt.Println("uid", name)
				}
				w.version, w.phase = 2, status.PhaseRunning
				j.Observed(ctx, w.status())
				w.version, w.phase = 3, status.PhaseSucceeded
				j.Observed(ctx, w.status())
				if u, err := j.ByUID(ctx, "ma", types.UID(w.uid)); err == nil && u.GetResourceVersion() == "3" { // as above
					fmt.Println("end", name)
				}
			}
		})
	}
	calls.Wait()
}

// A process is killed at any moment. What it was told to be stored is there, and of what it was doing no
// half is.
func TestKilledProcess(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		rounds := 30
		if p.driver != "sqlite" { // whose server is not killed
			rounds = 10
		}
		printed := map[string]map[string]bool{"key": {}, "uid": {}, "end": {}}
		for round := range rounds {
			cmd, out := startChild(t, p, "run", strconv.Itoa(round))
			lines := bufio.NewScanner(out)
			for left := 1 + rand.IntN(60); lines.Scan(); left-- {
				if left == 0 {
					if err := cmd.Process.Kill(); err != nil {
						t.Fatal(err)
					}
				}
				what, name, _ := strings.Cut(lines.Text(), " ")
				if printed[what] == nil {
					t.Fatal(lines.Text())
				}
				printed[what][name] = true
			}
			if err := cmd.Wait(); err == nil {
				t.Fatal("it has ended by itself")
			}
		}
		if p.driver == "sqlite" {
			var ok string
			if err := p.database(t).QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&ok); err != nil || ok != "ok" {
				t.Fatalf("the file is damaged: %s %v", ok, err)
			}
		}
		j := p.open(t, journal.Options{})
		starts, err := j.Unresolved(t.Context(), "ma")
		if err != nil {
			t.Fatal(err)
		}
		unresolved := map[string]journal.UnresolvedStart{}
		for _, s := range starts {
			unresolved[s.Name] = s
		}
		if most := 4 * rounds; len(unresolved) > most {
			t.Errorf("%d starts are not resolved, more than were in progress", len(unresolved))
		}
		for name := range printed["key"] {
			if err := j.RecordStart(t.Context(), start(name, "key-"+name, "another call"), ""); !errors.Is(err, workflow.ErrAlreadyExists) {
				t.Errorf("%s can be started again: %v", name, err)
			}
			if _, is := unresolved[name]; is && printed["uid"][name] {
				t.Errorf("%s is not resolved", name)
			}
		}
		for name := range printed["uid"] {
			if s := byUID(t, j, "uid-"+name); s.Name != name || printed["end"][name] && s.Phase != status.PhaseSucceeded {
				t.Errorf("%s is lost: %+v", name, s)
			}
		}
		seen := 0
		for u, err := range j.List(t.Context(), workflow.HistoryQuery{Namespace: "ma"}) {
			s := read(t, u, err)
			if seen++; s.Name == "" || string(s.UID) != "uid-"+s.Name {
				t.Errorf("%+v", s)
			}
		}
		if least := len(printed["uid"]); seen < least || seen > least+4*rounds {
			t.Errorf("%d workflows, of which %d are known to be stored", seen, least)
		}
		for _, s := range unresolved {
			if err := j.Release(t.Context(), s); err != nil {
				t.Error(err)
			}
		}
		t.Logf("%d keys, %d workflows and %d ends were stored by processes that were killed; %d starts were unresolved",
			len(printed["key"]), len(printed["uid"]), len(printed["end"]), len(unresolved))
	})
}

const (
	competedFor  = 100 // keys
	sharedStates = 200
)

// compete claims keys that other processes claim at the same time, and records states of a workflow of
// which the others record others.
func compete(ctx context.Context, j *journal.Journal, number, of int) {
	for i := range competedFor {
		name := fmt.Sprintf("w-%d", i)
		err := j.RecordStart(ctx, start(name, "key-"+name, strconv.Itoa(number)), "")
		switch {
		case err == nil:
			fmt.Println("won", name)
			w := state{name: name, uid: "uid-" + name, key: "key-" + name, version: 1}.object()
			if err := j.RecordCreated(ctx, w); err != nil && !errors.Is(err, context.DeadlineExceeded) { // it is stored later
				fmt.Println("error", err)
			}
		case !errors.Is(err, workflow.ErrAlreadyExists):
			fmt.Println("error", err)
		}
		for version := 2*i + 1; version <= 2*i+2; version++ {
			if version%of == number {
				s := state{name: "shared", uid: "shared", version: version, phase: status.PhaseRunning}
				if version == sharedStates {
					s.phase = status.PhaseFailed
				}
				j.Observed(ctx, s.status())
			}
		}
	}
}

// Several processes open one journal that does not exist yet, and write at the same time.
func TestProcessesAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		const processes = 4
		var mu sync.Mutex
		won := map[string]int{}
		var all sync.WaitGroup
		for number := range processes {
			cmd, out := startChild(t, p, "compete", strconv.Itoa(number), strconv.Itoa(processes))
			all.Go(func() {
				for lines := bufio.NewScanner(out); lines.Scan(); {
					what, name, _ := strings.Cut(lines.Text(), " ")
					if what != "won" {
						t.Error(lines.Text())
					}
					mu.Lock()
					won[name]++
					mu.Unlock()
				}
				if err := cmd.Wait(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		j := p.open(t, journal.Options{})
		for i := range competedFor {
			name := fmt.Sprintf("w-%d", i)
			if won[name] != 1 {
				t.Errorf("%d processes may create %s", won[name], name)
			}
			if _, err := j.ByUID(t.Context(), "ma", types.UID("uid-"+name)); err != nil {
				t.Error(err)
			}
		}
		if s := byUID(t, j, "shared"); s.Phase != status.PhaseFailed || s.ResourceVersion != strconv.Itoa(sharedStates) {
			t.Errorf("the last state is %s of version %s", s.Phase, s.ResourceVersion)
		}
		if starts, err := j.Unresolved(t.Context(), "ma"); err != nil || len(starts) > 0 {
			t.Errorf("%v %v", starts, err)
		}
	})
}
