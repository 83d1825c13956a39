package specs_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

const (
	// mostMemory is less than the memory limit of the service's Deployment.
	mostMemory = 256 << 20
	// mostAnswer is more than the size of a response.
	mostAnswer = 4 << 20
	askers     = 4
)

// servedBackfill is the service as a process, with one backfill. Its target's responses are large
// when decompressed.
type servedBackfill struct {
	namespace string
	process   *gexec.Session
	url       string
	web       *http.Client
}

func serveBackfill(ctx context.Context) *servedBackfill {
	GinkgoHelper()
	p := &programs{}
	p.install(ctx)
	s := &servedBackfill{namespace: p.namespace, web: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	program := filepath.Join(GinkgoT().TempDir(), "service")
	goBuild(ctx, examplesDir+"/service", program, ".")

	bomb := zipped(func(w io.Writer) { repeat(w, `{"count":"`, " ", 512<<20, `"}`) }) // 512 KiB, as it is sent
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb)
	}))
	DeferCleanup(target.Close)
	p.configure("http://127.0.0.1:9200", target.URL)
	cmd := exec.Command(program, //nolint:noctx // it outlives the node that starts it
		"--config", p.config, "--listen", "127.0.0.1:0", "--journal", "", "--drain", "0s")
	cmd.Env = append(os.Environ(), "KUBECONFIG="+cluster.Kubeconfig(), "GOMEMLIMIT="+deployedWith(`name: GOMEMLIMIT\s+value: (\w+)`))
	s.process = must(gexec.Start(cmd, nil, GinkgoWriter))
	DeferCleanup(func(ctx SpecContext) { Eventually(s.process.Terminate()).WithContext(ctx).Should(gexec.Exit()) }, NodeTimeout(soon))
	const serving = `"msg":"serving","address":"([^"]+)"`
	Eventually(s.process.Err).WithContext(ctx).Should(gbytes.Say(serving))
	s.url = "http://" + submatch(serving, s.process.Err.Contents())
	return s
}

func zipped(write func(io.Writer)) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	write(z)
	_ = z.Close() // cannot fail: it writes to a buffer
	return b.Bytes()
}

func repeat(w io.Writer, start, piece string, times int, end string) {
	const most = 1 << 16
	_, _ = io.WriteString(w, start)
	for ; times > 0; times -= most {
		_, _ = io.WriteString(w, strings.Repeat(piece, min(times, most)))
	}
	_, _ = io.WriteString(w, end)
}

// waitingGates are nodes at which the workflow waits, one for each decision.
const waitingGates = `"approve":{"id":"approve","name":"w.a","displayName":"approve","type":"Suspend","phase":"Running","startedAt":"2026-01-01T00:00:00Z"},` +
	`"reject":{"id":"reject","name":"w.r","displayName":"reject","type":"Suspend","phase":"Running","startedAt":"2026-01-01T00:00:01Z"}`

// hostileNodes returns nodes that another client with write access could have stored. Each takes a
// tenth of etcd's limit. In JSON, a < becomes six bytes.
func hostileNodes() map[string]func(io.Writer) {
	const mib = 1<<20 - 100 // longer values are dropped when they are read
	return map[string]func(io.Writer){
		"a node with a member of empty objects": func(w io.Writer) {
			repeat(w, "{"+waitingGates+`,"junk":{"id":"junk","type":"Pod","phase":"Running","junk":[`, `{},`, 20*mib, `{}]}}`)
		},
		"messages of a MiB": func(w io.Writer) {
			_, _ = io.WriteString(w, "{"+waitingGates)
			for i := range 60 {
				repeat(w, fmt.Sprintf(`,"n%d":{"id":"n%d","name":"w.n%d","displayName":"n","type":"Pod","phase":"Failed","message":"`, i, i, i), "<", mib, `"}`)
			}
			_, _ = io.WriteString(w, "}")
		},
		"gates with names and outputs of a MiB": func(w io.Writer) {
			_, _ = io.WriteString(w, "{"+waitingGates)
			for i := range 5 {
				repeat(w, fmt.Sprintf(`,"n%d":{"id":"n%d","type":"Suspend","phase":"Running","displayName":"`, i, i), "<", mib, "")
				repeat(w, `","outputs":{"parameters":[{"name":"o","description":"`, "<", mib, "")
				repeat(w, `","valueFrom":{"supplied":{}},"enum":["`, "<", mib, `"]}]}}`)
			}
			_, _ = io.WriteString(w, "}")
		},
		"many gates": func(w io.Writer) {
			repeat(w, "{"+waitingGates+`,"junk":{"id":"junk","type":"Pod","phase":"Running","junk":[`, `{},`, 8*mib, `{}]}`)
			for i := range 10_000 {
				_, _ = fmt.Fprintf(w, `,"n%d":{"id":"n%d","displayName":"x","type":"Suspend","phase":"Running"}`, i, i)
			}
			_, _ = io.WriteString(w, "}")
		},
	}
}

// mostNodes writes the maximum number of nodes that are read.
func mostNodes(w io.Writer) {
	repeat(w, "{"+waitingGates+`,"junk":{"id":"junk","type":"Pod","phase":"Running","junk":[`, `{},`, 20<<20, `{}]}`)
	for i := range 160_000 {
		_, _ = fmt.Fprintf(w, `,"n%d":{}`, i)
	}
	_, _ = io.WriteString(w, "}")
}

// store writes nodes to the backfill's workflow. The controller doesn't interfere, because it skips
// workflows with the label of ended ones.
func (s *servedBackfill) store(ctx context.Context, write func(io.Writer)) {
	GinkgoHelper()
	patch := must(json.Marshal(map[string]any{
		"metadata": map[string]any{"labels": map[string]any{"workflows.argoproj.io/completed": "true"}},
		"status":   map[string]any{"nodes": nil, "compressedNodes": base64.StdEncoding.EncodeToString(zipped(write))},
	}))
	mergePatch(ctx, argotest.Workflows(dyn, s.namespace), "backfill-demo", string(patch))
}

// ask sends a request and returns the response, whose size is limited.
func (s *servedBackfill) ask(ctx context.Context, method, path, body string) (code int, text string) {
	GinkgoHelper()
	req := must(http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body)))
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.web.Do(req)
	Expect(err).NotTo(HaveOccurred())
	defer resp.Body.Close() //nolint:errcheck // it has been read
	data := must(io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1)))
	Expect(len(data)).To(BeNumerically("<", mostAnswer), "%s %s", method, path)
	return resp.StatusCode, string(data)
}

const served = "/api/v1/backfills/demo"

// submatch returns what the group of a pattern matches in a text.
func submatch(pattern string, text []byte) string {
	GinkgoHelper()
	found := regexp.MustCompile(pattern).FindSubmatch(text)
	Expect(found).NotTo(BeNil(), pattern)
	return string(found[1])
}

// deployedWith returns what the group of a pattern matches in the service's Deployment.
func deployedWith(pattern string) string {
	GinkgoHelper()
	return submatch(pattern, must(os.ReadFile(filepath.Join(examplesDir, "service/deploy/deployment.yaml"))))
}

// peak returns the peak memory of the process.
func (s *servedBackfill) peak() int {
	GinkgoHelper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Command.Process.Pid))
	Expect(err).NotTo(HaveOccurred(), "it is not alive")
	return must(strconv.Atoi(submatch(`VmHWM:\s+(\d+) kB`, text))) << 10
}

var _ = Describe("examples/service", labelRare, first, func() {
	It("lives, in less memory than its Deployment has, whatever the cluster and the target hold", func(ctx SpecContext) {
		if _, err := os.Stat("/proc/self/status"); err != nil {
			Skip("only Linux says what memory a process has had")
		}
		s := serveBackfill(ctx)
		code, text := s.ask(ctx, http.MethodPost, served+"/start", "")
		Expect(code).To(Equal(http.StatusOK), text)
		Eventually(ctx, func() string {
			_, text := s.ask(ctx, http.MethodGet, served, "")
			return text
		}).Should(And(ContainSubstring(`"state":"Paused"`), ContainSubstring(`"name":"approve"`)))
		Expect(s.peak()).To(BeNumerically("<", mostMemory/2), "before anything hostile")

		peaks := ""
		withstand := func(name string, write func(io.Writer), most int) {
			GinkgoHelper()
			By(name)
			s.store(ctx, write)
			s.readAndDecide(ctx)
			peaks += fmt.Sprintf("%s: %d\n", name, s.peak()>>20)
			Expect(s.peak()).To(BeNumerically("<", most), peaks)
		}
		for name, write := range hostileNodes() {
			withstand(name, write, mostMemory)
		}
		limit := must(strconv.Atoi(deployedWith(`limits: {memory: (\d+)Mi}`)))
		withstand("as many nodes as are read", mostNodes, limit<<20)
		code, _ = s.ask(ctx, http.MethodGet, "/healthz", "")
		Expect(code).To(Equal(http.StatusOK))
		AddReportEntry("most memory of the service so far, in MiB", peaks)
	}, SpecTimeout(startTimeout))
})

// readAndDecide makes the service read the workflow for many requests at once and change it twice,
// while a stream is open.
func (s *servedBackfill) readAndDecide(ctx context.Context) {
	GinkgoHelper()
	defer s.follow(ctx)()
	var asking sync.WaitGroup
	for range askers {
		asking.Go(func() {
			defer GinkgoRecover()
			for _, path := range []string{"", "/gates"} {
				code, text := s.ask(ctx, http.MethodGet, served+path, "")
				Expect(code).To(Equal(http.StatusOK), "%.1000s", text)
				Expect(text).To(ContainSubstring(`"name":"approve"`))
			}
		})
	}
	asking.Wait()
	code, text := s.ask(ctx, http.MethodGet, "/api/v1/backfills", "")
	Expect(code).To(Equal(http.StatusOK), "%.1000s", text)
	for _, decision := range []string{"approve", "reject"} {
		code, text = s.ask(ctx, http.MethodPost, served+"/gates/"+decision, `{"gates":["`+decision+`"]}`)
		Expect(code).To(Equal(http.StatusOK), "%.1000s", text)
	}
}

// follow opens a stream, reads its beginning, and keeps reading until leave is called.
func (s *servedBackfill) follow(ctx context.Context) (leave func()) {
	GinkgoHelper()
	streaming, cancel := context.WithCancel(ctx)
	req := must(http.NewRequestWithContext(streaming, http.MethodGet, s.url+served+"/events", http.NoBody))
	resp, err := s.web.Do(req) //nolint:bodyclose // leave closes it
	Expect(err).NotTo(HaveOccurred())
	leave = func() {
		cancel()
		_ = resp.Body.Close() // it has been read completely
	}
	DeferCleanup(leave)
	Expect(resp.StatusCode).To(Equal(http.StatusOK))
	said := gbytes.BufferReader(resp.Body)
	Eventually(said).WithContext(ctx).Should(gbytes.Say("event: status\n"))
	return leave
}
