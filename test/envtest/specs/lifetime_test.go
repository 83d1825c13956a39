package specs_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

// Ordered so that the command is built once.
var _ = Describe("the cluster command", Ordered, labelRare, func() {
	var (
		command string
		temp    string // contains all files of the command
	)
	BeforeAll(func(SpecContext) {
		const importPath = "github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/cmd/cluster"
		command = must(gexec.Build(importPath))
		DeferCleanup(gexec.CleanupBuildArtifacts)
	}, NodeTimeout(startTimeout))

	BeforeEach(func() {
		temp = GinkgoT().TempDir()
	})

	// start starts a program in its own process group, so that it doesn't receive a signal to this
	// process's group.
	start := func(program string, args ...string) *gexec.Session {
		GinkgoHelper()
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "TMPDIR="+temp)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		session := must(gexec.Start(cmd, io.Discard, GinkgoWriter))
		DeferCleanup(func() { session.Kill() })
		return session
	}

	// A session must not be the second argument of Eventually, which would format it to find out
	// whether it is a duration, while other goroutines write to it.
	expectNothingLeft := func(ctx context.Context) {
		GinkgoHelper()
		Eventually(ctx, processesIn).WithArguments(temp).Should(BeEmpty())
		Eventually(ctx, filesIn).WithArguments(temp).Should(BeEmpty())
	}

	DescribeTable("leaves no process and no file behind",
		func(ctx SpecContext, signal syscall.Signal, at string, code int) {
			session := start(command)
			Eventually(session.Err).WithContext(ctx).WithTimeout(startTimeout).Should(gbytes.Say(at))
			Expect(processesIn(temp)).NotTo(BeEmpty())
			session.Signal(signal)
			Eventually(session).WithContext(ctx).WithTimeout(soon).Should(gexec.Exit(code))
			expectNothingLeft(ctx)
		},
		Entry("after SIGINT", syscall.SIGINT, "running until", 0, SpecTimeout(startTimeout)),
		Entry("after SIGTERM", syscall.SIGTERM, "running until", 0, SpecTimeout(startTimeout)),
		Entry("after SIGKILL", syscall.SIGKILL, "running until", 128+9, SpecTimeout(startTimeout)),
		Entry("after SIGKILL in the middle of the start", syscall.SIGKILL, "starting kwok", 128+9, SpecTimeout(startTimeout)),
		Entry("after SIGTERM in the middle of the start", syscall.SIGTERM, "installing Argo", 128+15, SpecTimeout(startTimeout)),
	)

	It("ends when its parent is killed", func(ctx SpecContext) {
		shell := start("sh", "-c", `"$0" & wait`, command)
		Eventually(shell.Err).WithContext(ctx).WithTimeout(startTimeout).Should(gbytes.Say("running until"))
		shell.Kill()
		expectNothingLeft(ctx)
	}, SpecTimeout(startTimeout))

	It("ends when what started it was gone before it could look", func(ctx SpecContext) {
		session := start("env", "ARGOSERVICE_PARENT=999999999", command)
		Eventually(session).WithContext(ctx).WithTimeout(startTimeout).Should(gexec.Exit())
		expectNothingLeft(ctx)
	}, SpecTimeout(startTimeout))

	It("runs a command in the cluster and exits with its code", func(ctx SpecContext) {
		manifest := filepath.Join(GinkgoT().TempDir(), "objects.yaml")
		Expect(os.WriteFile(manifest, []byte(appliedObjects), 0o600)).To(Succeed())
		session := start(command, "--quiet", "--apply", manifest, "--",
			"sh", "-c", `"$0" get configmap -n made-for-it applied -o name; exit 7`, cluster.Kubectl())
		Eventually(session).WithContext(ctx).WithTimeout(startTimeout).Should(gexec.Exit(7))
		Expect(session.Out).To(gbytes.Say("configmap/applied"))
		Expect(session.Err.Contents()).To(BeEmpty())
		expectNothingLeft(ctx)
	}, SpecTimeout(startTimeout))

	It("passes SIGTERM on to its command", func(ctx SpecContext) {
		session := start(command, "--", "sh", "-c", `trap "exit 9" TERM; echo here; while :; do sleep 0.1; done`)
		Eventually(session.Out).WithContext(ctx).WithTimeout(startTimeout).Should(gbytes.Say("here"))
		session.Terminate()
		Eventually(session).WithContext(ctx).WithTimeout(soon).Should(gexec.Exit(9))
		expectNothingLeft(ctx)
	}, SpecTimeout(startTimeout))

	It("takes its command, and what that has started, with it after SIGKILL", func(ctx SpecContext) {
		session := start(command, "--", "sh", "-c", `sh -c "echo here; sleep 1000; exit" "$0" & wait`, temp)
		Eventually(session.Out).WithContext(ctx).WithTimeout(startTimeout).Should(gbytes.Say("here"))
		Expect(processesIn(temp)).To(ContainElement(ContainSubstring("echo here; sleep 1000")))
		session.Kill()
		expectNothingLeft(ctx)
	}, SpecTimeout(startTimeout))

	It("rejects unknown flags", func(ctx SpecContext) {
		session := start(command, "--no-such-flag")
		Eventually(session).WithContext(ctx).WithTimeout(soon).Should(gexec.Exit(2))
		Expect(session.Err).To(gbytes.Say("no-such-flag"))
	}, SpecTimeout(specTimeout))
})

const appliedObjects = `
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: applied
  namespace: made-for-it
---
# an empty document
`

// processesIn returns the command lines of the processes with a folder in one of their arguments.
// Every part of a cluster has its work folder there.
func processesIn(dir string) ([]string, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, errors.New("/proc doesn't list any process")
	}
	var found []string
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended in the meantime
		}
		if line := strings.ReplaceAll(string(data), "\x00", " "); strings.Contains(line, dir) {
			found = append(found, line)
		}
	}
	return found, nil
}

func filesIn(dir string) ([]os.DirEntry, error) { return os.ReadDir(dir) }
