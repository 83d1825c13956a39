package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTwoAtOnceBuildOnce(t *testing.T) {
	f := newFixture(t)
	g := newGate(t)
	one, oneSays := f.installer(t)
	two, twoSays := f.installer(t)
	one.heartbeat, two.heartbeat = 10*time.Millisecond, 10*time.Millisecond
	results := make(chan error, 2)
	go func() { results <- one.install(t.Context(), []string{"kube"}) }()
	g.reached(t)
	go func() { results <- two.install(t.Context(), []string{"kube"}) }()
	eventually(t, "the second run waits", func() bool { return strings.Contains(twoSays.String(), "another run is filling") })
	eventually(t, "both give signs of life", func() bool {
		return strings.Contains(oneSays.String(), "still building kube after") && strings.Contains(twoSays.String(), "still waiting for the other run after")
	})
	g.open(t)
	for range 2 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	wantContains(t, oneSays.String(), "building kube-apiserver", "built kube-apiserver", "all there")
	wantContains(t, twoSays.String(), "all there")
	if strings.Contains(twoSays.String(), "building kube-apiserver") {
		t.Errorf("the second run built as well:\n%s", twoSays)
	}
}

func TestWaitingForAnotherRunCanBeInterrupted(t *testing.T) {
	f := newFixture(t)
	in, says := f.installer(t)
	if err := os.MkdirAll(f.cache, 0o755); err != nil {
		t.Fatal(err)
	}
	unlock, ok, err := tryLock(in.lockFile("kwok-0"))
	if err != nil || !ok {
		t.Fatalf("the lock is not free: %v", err)
	}
	defer unlock()
	ctx, cancel := context.WithCancelCause(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := in.lock(ctx, "kwok-0")
		result <- err
	}()
	eventually(t, "it waits", func() bool { return strings.Contains(says.String(), "another run") })
	why := errors.New("enough")
	cancel(why)
	if err := <-result; !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
}

func TestInterruptedBuildLeavesNothing(t *testing.T) {
	f := newFixture(t)
	g := newGate(t)
	in, _ := f.installer(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	result := make(chan error, 1)
	go func() { result <- in.install(ctx, []string{"kube"}) }()
	pid := g.reached(t)
	why := errors.New("enough")
	cancel(why)
	if err := <-result; !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
	if running(pid) {
		t.Error("the build goes on")
	}
	if _, err := os.Stat(g.interrupted); err != nil {
		t.Errorf("the build had no chance to clean up: %v", err)
	}
	if got, left := f.programs(t), f.leftovers(t); len(got)+len(left) > 0 {
		t.Errorf("left behind: %v %v", got, left)
	}
	g.open(t)
	if err := in.install(t.Context(), []string{"kube"}); err != nil {
		t.Errorf("the next run: %v", err)
	}
}

// Each of these ends the program, or its parent, in the middle of a build.
func TestBuildEndsWithItsProcess(t *testing.T) {
	for _, tc := range []struct {
		name    string
		signal  syscall.Signal
		orphan  bool // signal the parent instead
		swept   bool // by the run itself, before it ends
		message string
	}{
		{name: "SIGINT", signal: syscall.SIGINT, swept: true, message: "interrupt"},
		{name: "SIGTERM", signal: syscall.SIGTERM, swept: true, message: "terminated"},
		{name: "parent killed", signal: syscall.SIGKILL, orphan: true, swept: true, message: errOrphaned.Error()},
		{name: "SIGKILL", signal: syscall.SIGKILL},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			g := newGate(t)
			says := &log{}
			cmd := program("install", "kube")
			if tc.orphan {
				// A shell between us and the program, as make would be; it says the program's id.
				cmd = exec.CommandContext(t.Context(), "sh", "-c", `"$0" install kube & echo pid $! >&2; wait`, cmd.Path)
				cmd.Env = append(os.Environ(), asProgram+"=1")
			}
			cmd.Stderr = says
			cmd.WaitDelay = 30 * time.Second // a program that outlives its parent keeps the pipe open
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			build := g.reached(t)
			self := cmd.Process.Pid
			if tc.orphan {
				self = pidIn(t, says.String())
			}
			if err := cmd.Process.Signal(tc.signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("it ended with exit code 0")
			}
			eventually(t, "the program has ended", func() bool { return !running(self) })
			eventually(t, "the build has ended", func() bool { return !running(build) })
			wantContains(t, says.String(), tc.message)
			for _, file := range f.programs(t) {
				if tc.swept || !strings.HasPrefix(file, "tmp/") {
					t.Errorf("left behind: %s", file)
				}
			}

			g.open(t)
			in, _ := f.installer(t)
			if err := in.install(t.Context(), []string{"kube"}); err != nil {
				t.Fatalf("the next run: %v", err)
			}
			if left := f.leftovers(t); len(left) > 0 {
				t.Errorf("the next run should sweep %v", left)
			}
		})
	}
}

// A folder that no later run asks for is swept as well, but not one in use.
func TestSweepSparesWhatIsLocked(t *testing.T) {
	f := newFixture(t)
	in, _ := f.installer(t)
	write(t, f.cache+"/tmp/kube-0ld.1/out/kubectl", "half")
	write(t, f.cache+"/tmp/argo-busy.2/out/workflow-controller", "half")
	unlock, ok, err := tryLock(in.lockFile("argo-busy"))
	if err != nil || !ok {
		t.Fatalf("the lock is not free: %v", err)
	}
	defer unlock()
	if err := in.install(t.Context(), []string{"kwok"}); err != nil {
		t.Fatal(err)
	}
	if left := fmt.Sprint(f.leftovers(t)); strings.Contains(left, "kube-0ld") || !strings.Contains(left, "argo-busy") {
		t.Errorf("left are %s, want only the one that is locked", left)
	}
}

func pidIn(t *testing.T, text string) int {
	t.Helper()
	_, after, _ := strings.Cut(text, "pid ")
	line, _, _ := strings.Cut(after, "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatalf("no process id in %q", text)
	}
	return pid
}
