//go:build unix

package legacy

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// crowd prints how many of its kind run, itself included.
const crowd = `touch $CROWD/$$; ls $CROWD | wc -l; sleep 0.1; rm $CROWD/$$`

func TestNoMoreProcessesThanAllowed(t *testing.T) {
	const most = 3
	t.Setenv("CROWD", t.TempDir())
	e := program(t, crowd, SubprocessOptions{MaxProcesses: most, Env: []string{"CROWD"}})
	var running sync.WaitGroup
	for i := range 20 {
		running.Go(func() {
			cmd := Command{Args: []string{"get"}, Unbounded: i%2 == 0}
			body, err := e.StreamCommand(t.Context(), cmd)
			if err != nil {
				t.Error(err)
				return
			}
			text, err := io.ReadAll(body)
			if n, wrong := strconv.Atoi(strings.TrimSpace(string(text))); err != nil || wrong != nil || n > most {
				t.Errorf("%q, %v", text, err)
			}
			if err := body.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if e.slots.taken != 0 || e.slots.streams != 0 {
		t.Errorf("%+v", e.slots)
	}
}

func TestSlotOfACommandThatDoesNotStart(t *testing.T) {
	e := NewSubprocessExecutor(SubprocessOptions{Binary: "/does/not/exist", MaxProcesses: 2})
	for range 3 {
		if _, err := e.ExecuteCommand(t.Context(), Command{Args: []string{"get"}}); !errors.Is(err, ErrKubectlMissing) {
			t.Fatal(err)
		}
	}
}

// open starts a stream that prints a line and then nothing.
func open(t *testing.T, e *SubprocessExecutor) io.ReadCloser {
	t.Helper()
	body, err := e.StreamCommand(t.Context(), Command{Args: []string{"watch"}, Unbounded: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = body.Close() })
	if text, err := io.ReadAll(io.LimitReader(body, 5)); err != nil || string(text) != "line\n" {
		t.Fatalf("%q, %v", text, err)
	}
	return body
}

const lineAndNoEnd = `echo line; test "$1" = get || sleep 600`

func TestStreamsLeaveRoomForCommands(t *testing.T) {
	e := program(t, lineAndNoEnd, SubprocessOptions{MaxProcesses: 4})
	for range 3 {
		open(t, e)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := e.StreamCommand(ctx, Command{Args: []string{"watch"}, Unbounded: true})
	var failed *CommandError
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &failed) || !failed.NotSent || !strings.Contains(err.Error(), "4 processes") {
		t.Errorf("%v", err)
	}
	for range 10 {
		out, err := e.ExecuteCommand(t.Context(), Command{Args: []string{"get"}})
		if err != nil || out.Stdout != "line\n" {
			t.Fatalf("%v, %v", out, err)
		}
	}
}

// Streams take turns, so that each of them comes to an end even if it waits for the others.
func TestStreamsTakeTurns(t *testing.T) {
	e := program(t, lineAndNoEnd, SubprocessOptions{MaxProcesses: 2})
	e.slots.slice = 50 * time.Millisecond
	first := open(t, e)
	for range 3 {
		second := open(t, e) // blocks until the first one has ended
		_, err := first.Read(make([]byte, 1))
		if !errors.Is(err, errSlotNeeded) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
		first = second
	}
	if out, err := e.ExecuteCommand(t.Context(), Command{Args: []string{"get"}}); err != nil || !out.Success() {
		t.Errorf("%v, %v", out, err)
	}
}

// What a stream has printed before it made room can still be read.
func TestStreamThatMadeRoomIsReadToItsEnd(t *testing.T) {
	e := program(t, `echo line; echo rest; sleep 600`, SubprocessOptions{MaxProcesses: 2})
	e.slots.slice = 50 * time.Millisecond
	first := open(t, e)
	open(t, e)
	if text, err := io.ReadAll(first); string(text) != "rest\n" || !errors.Is(err, errSlotNeeded) {
		t.Errorf("%q, %v", text, err)
	}
}
