package leash_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

// asParent in the environment makes the test binary a parent of many children.
const asParent = "LEASH_TEST_PARENT"

const soon = 90 * time.Second

func TestMain(m *testing.M) {
	leash.Main()
	if os.Getenv(asParent) != "" {
		if err := parent(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// parent starts children, says so, and waits for SIGTERM, at which it ends in order.
func parent() error {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	l, err := leash.New()
	if err != nil {
		return err
	}
	for i := range 3 {
		name := fmt.Sprintf("child-%d", i)
		path, err := l.Wrap(name, "/bin/sh")
		if err != nil {
			return err
		}
		// A child with a child, which puts back its folder at every turn, as a
		// server does with its data.
		cmd := exec.Command(path, "-c", `while :; do mkdir -p "$0"; sleep 0.01; done & wait`, filepath.Join(l.Dir(), name))
		if err := cmd.Start(); err != nil {
			return err
		}
		fmt.Println("started", name)
	}
	<-terminated
	return l.Release()
}

// startParent starts a parent that has its work folder in dir, and returns when it
// has started that many children.
func startParent(t *testing.T, dir string, children int) *exec.Cmd {
	t.Helper()
	g := NewWithT(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asParent+"=1", "TMPDIR="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cmd.Start()).To(Succeed())
	lines := bufio.NewScanner(out)
	for range children {
		g.Expect(lines.Scan()).To(BeTrue(), "the parent starts its children")
	}
	return cmd
}

func TestParentKilledAtAnyMoment(t *testing.T) {
	for i := range 12 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			dir := t.TempDir()
			cmd := startParent(t, dir, 1)
			moment := time.NewTimer(rand.N(40 * time.Millisecond))
			<-moment.C
			g.Expect(cmd.Process.Kill()).To(Succeed())
			_ = cmd.Wait() // killed
			if runtime.GOOS != "linux" {
				t.Skip("the child's child is ended on Linux only")
			}
			g.Eventually(os.ReadDir).WithArguments(dir).WithTimeout(soon).Should(BeEmpty())
			g.Consistently(os.ReadDir).WithArguments(dir).WithTimeout(time.Second).Should(BeEmpty())
		})
	}
}

func TestParentEnds(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	cmd := startParent(t, dir, 3)
	g.Expect(os.ReadDir(dir)).To(HaveLen(1))
	g.Expect(cmd.Process.Signal(syscall.SIGTERM)).To(Succeed())
	g.Expect(cmd.Wait()).To(Succeed())
	g.Expect(os.ReadDir(dir)).To(BeEmpty())
}

func TestChildSeesArgumentsAndStreams(t *testing.T) {
	g := NewWithT(t)
	l := newLeash(t)
	path, err := l.Wrap("child", "/bin/sh")
	g.Expect(err).NotTo(HaveOccurred())
	cmd := exec.Command(path, "-c", `read line; echo "$line $0 $WORD"; exit 5`, "argument")
	cmd.Env = append(os.Environ(), "WORD=variable")
	stdin, err := cmd.StdinPipe()
	g.Expect(err).NotTo(HaveOccurred())
	_, err = io.WriteString(stdin, "input\n")
	g.Expect(err).NotTo(HaveOccurred())
	out, err := cmd.Output()
	g.Expect(string(out)).To(Equal("input argument variable\n"))
	g.Expect(exitCode(err)).To(Equal(5))
}

func TestSignalsArePassedOn(t *testing.T) {
	for name, test := range map[string]struct {
		script string
		signal syscall.Signal
		opts   []leash.Option
		code   int
	}{
		"SIGTERM":                 {`trap "exit 4" TERM`, syscall.SIGTERM, nil, 4},
		"SIGINT":                  {`trap "exit 6" INT`, syscall.SIGINT, nil, 6},
		"SIGTERM, foreground":     {`trap "exit 4" TERM`, syscall.SIGTERM, []leash.Option{leash.Foreground}, 4},
		"SIGTERM without handler": {`:`, syscall.SIGTERM, nil, 128 + 15},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			path, err := newLeash(t).Wrap("child", "/bin/sh", test.opts...)
			g.Expect(err).NotTo(HaveOccurred())
			cmd := exec.Command(path, "-c", test.script+`; echo ready; while :; do sleep 0.01; done`)
			out, err := cmd.StdoutPipe()
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(cmd.Start()).To(Succeed())
			g.Expect(bufio.NewReader(out).ReadString('\n')).To(Equal("ready\n"))
			g.Expect(cmd.Process.Signal(test.signal)).To(Succeed())
			g.Expect(exitCode(cmd.Wait())).To(Equal(test.code))
		})
	}
}

func TestSignalReachesTheChildItself(t *testing.T) {
	const echo = `while read line; do echo "$line"; done`
	for name, script := range map[string]string{
		"the child":     "echo ready; " + echo,
		"a child of it": "echo ready; (" + echo + "); true", // as a server has for each connection
	} {
		t.Run(name, func(t *testing.T) {
			if name != "the child" && runtime.GOOS != "linux" {
				t.Skip("the child's child is halted on Linux only")
			}
			g := NewWithT(t)
			l := newLeash(t)
			path, err := l.Wrap("child", "/bin/sh")
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(l.Signal("child", syscall.SIGCONT)).To(MatchError(leash.ErrNotRunning), "not started yet")
			cmd := exec.Command(path, "-c", script)
			in, err := cmd.StdinPipe()
			g.Expect(err).NotTo(HaveOccurred())
			stdout, err := cmd.StdoutPipe()
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(cmd.Start()).To(Succeed())
			out := gbytes.BufferReader(stdout)
			g.Eventually(out).WithTimeout(soon).Should(gbytes.Say("^ready\n$"))
			_, err = io.WriteString(in, "running\n")
			g.Expect(err).NotTo(HaveOccurred())
			g.Eventually(out).WithTimeout(soon).Should(gbytes.Say("^running\n$"))

			g.Eventually(l.Signal).WithArguments("child", syscall.SIGSTOP).Should(Succeed())
			_, err = io.WriteString(in, "while halted\n")
			g.Expect(err).NotTo(HaveOccurred())
			g.Consistently(out).WithTimeout(300 * time.Millisecond).ShouldNot(gbytes.Say("."))
			g.Expect(l.Signal("child", syscall.SIGCONT)).To(Succeed())
			g.Eventually(out).WithTimeout(soon).Should(gbytes.Say("^while halted\n$"))

			g.Expect(l.Signal("child", syscall.SIGSTOP)).To(Succeed())
			g.Expect(l.Signal("child", syscall.SIGKILL)).To(Succeed())
			// Its child goes on, and ends with its input.
			g.Expect(in.Close()).To(Succeed())
			g.Eventually(out.Closed).WithTimeout(soon).Should(BeTrue())
			g.Expect(exitCode(cmd.Wait())).To(Equal(128 + 9))
			g.Expect(l.Signal("child", syscall.SIGCONT)).To(MatchError(leash.ErrNotRunning), "ended")
		})
	}
}

func TestNameIsUsedOnce(t *testing.T) {
	g := NewWithT(t)
	l := newLeash(t)
	_, err := l.Wrap("child", "/bin/true")
	g.Expect(err).NotTo(HaveOccurred())
	_, err = l.Wrap("child", "/bin/false")
	g.Expect(err).To(MatchError(os.ErrExist))
}

func TestMainNotCalled(t *testing.T) {
	t.Setenv("ARGOSERVICE_LEASH_MAIN", "1") // of another process
	_, err := leash.New()
	NewWithT(t).Expect(err).To(MatchError(leash.ErrMainNotCalled))
}

func newLeash(t *testing.T) *leash.Leash {
	t.Helper()
	l, err := leash.New()
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() {
		NewWithT(t).Expect(l.Release()).To(Succeed())
		NewWithT(t).Expect(l.Dir()).NotTo(BeADirectory())
	})
	return l
}

func exitCode(err error) int {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0
	}
	return exit.ExitCode()
}
