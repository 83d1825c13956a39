package browser_test

import (
	"context"
	"net/http"
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

const (
	serviceExample = "../../../examples/service"
	templateFile   = "../../../examples/backfill/manifests/bulk-load.yaml"
	namespace      = "ma"
	account        = "backfill-service"
	heartbeat      = "1s" // the shortest there is
)

// programs are the service and the stand-in for the target cluster, as processes.
type programs struct {
	service, target string // where they were built
	journal         string
	configs         []string
	kubeconfig      string // of the service's account
	url             string // once the service has one
	running         *gexec.Session
}

func (p *programs) build(ctx context.Context) {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	p.service, p.target, p.journal = filepath.Join(dir, "service"), filepath.Join(dir, "target"), filepath.Join(dir, "journal.db")
	for module, program := range map[string]string{serviceExample: p.service, "../target": p.target} {
		out, err := exec.CommandContext(ctx, "go", "build", "-C", module, "-buildvcs=false", "-o", program, ".").CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))
	}
}

// install makes what the service needs: the template, with markup in a text of it, and the service's
// account with its Roles.
func (p *programs) install(ctx context.Context, markup string) {
	GinkgoHelper()
	template := replaced(templateFile, "description: who approves the load", "description: '"+markup+"'")
	Expect(cluster.ApplyFile(ctx, template)).To(Succeed())
	for _, name := range []string{"serviceaccount.yaml", "rbac.yaml", "secret-access.yaml"} {
		Expect(cluster.ApplyFile(ctx, filepath.Join(serviceExample, "deploy", name))).To(Succeed())
	}
	cfg, err := cluster.ServiceAccountConfig(ctx, namespace, account)
	Expect(err).NotTo(HaveOccurred())
	p.kubeconfig, err = cluster.WriteKubeconfig("service.kubeconfig", cfg)
	Expect(err).NotTo(HaveOccurred())
}

// replaced is a copy of a file with texts replaced, which have to be in it.
func replaced(path string, oldnew ...string) string {
	GinkgoHelper()
	data, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	for i := 0; i < len(oldnew); i += 2 {
		Expect(string(data)).To(ContainSubstring(oldnew[i]))
	}
	return written(filepath.Base(path), strings.NewReplacer(oldnew...).Replace(string(data)))
}

// written is a new file.
func written(name, text string) string {
	GinkgoHelper()
	path := filepath.Join(GinkgoT().TempDir(), name)
	Expect(os.WriteFile(path, []byte(text), 0o600)).To(Succeed())
	return path
}

// startTarget starts the target cluster, which does the workers' work, so slowly that it ends when more
// of them are asked for and not before. One configuration names it, the other a target where nobody
// answers.
func (p *programs) startTarget(ctx context.Context) {
	GinkgoHelper()
	session := p.begin(p.target, cluster.Kubeconfig(), "-namespace", namespace, "-shards", "160", "-per-shard", "2s")
	Eventually(session.Out).WithContext(ctx).Should(gbytes.Say("http://[0-9.:]+\n"))
	const example, endpoint = "../../../examples/backfill/backfill.yaml", "http://127.0.0.1:9200"
	p.configs = []string{
		replaced(example, endpoint, strings.TrimSpace(string(session.Out.Contents()))),
		replaced(example, endpoint, "http://127.0.0.1:1", "session_name: demo", "session_name: elsewhere"),
	}
}

// startService starts the service, where it was if it was before, and waits until it is ready.
func (p *programs) startService(ctx context.Context, args ...string) {
	GinkgoHelper()
	listen := "127.0.0.1:0"
	if p.url != "" {
		listen = strings.TrimPrefix(p.url, "http://")
	}
	p.running = p.begin(p.service, p.kubeconfig, append(args, "--config", p.configs[0], "--config", p.configs[1],
		"--listen", listen, "--journal", p.journal, "--drain", "0s", "--every", "300ms", "--heartbeat", heartbeat)...)
	const before = `"msg":"serving","address":"`
	Eventually(p.running.Err).WithContext(ctx).Should(gbytes.Say(before))
	_, rest, _ := strings.Cut(string(p.running.Err.Contents()), before)
	address, _, _ := strings.Cut(rest, `"`)
	p.url = "http://" + address
	Eventually(ctx, func() (int, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/readyz", http.NoBody)
		if err != nil {
			return 0, err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	}).Should(Equal(http.StatusOK))
}

// freezeService has the service do nothing until thaw. Its connections stay open.
func (p *programs) freezeService() (thaw func()) {
	GinkgoHelper()
	Expect(p.running.Command.Process.Signal(syscall.SIGSTOP)).To(Succeed())
	return func() { Expect(p.running.Command.Process.Signal(syscall.SIGCONT)).To(Succeed()) }
}

func (p *programs) killService(ctx context.Context) {
	GinkgoHelper()
	Eventually(p.running.Kill()).WithContext(ctx).Should(gexec.Exit())
}

// begin starts a program, which is ended after the spec.
func (p *programs) begin(program, kubeconfig string, args ...string) *gexec.Session {
	GinkgoHelper()
	cmd := exec.Command(program, args...) //nolint:noctx // it outlives the node that starts it
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	session, err := gexec.Start(cmd, nil, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func(ctx SpecContext) { Eventually(session.Terminate()).WithContext(ctx).Should(gexec.Exit()) }, NodeTimeout(soon))
	return session
}
