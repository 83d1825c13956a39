package faults_test

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"go.uber.org/goleak"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

// echo starts a server that sends back each line that it receives.
func echo(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				_, _ = io.Copy(conn, conn) // until either side closes
			}()
		}
	}()
	return listener.Addr().String()
}

// says sends a line and returns the response.
func says(conn net.Conn, line string, within time.Duration) (string, error) {
	if err := conn.SetDeadline(time.Now().Add(within)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintln(conn, line); err != nil {
		return "", err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(answer), err
}

func TestLine(t *testing.T) {
	g := NewWithT(t)
	server := echo(t)
	before := goleak.IgnoreCurrent()
	line, err := faults.NewLine(server)
	g.Expect(err).NotTo(HaveOccurred())
	conns := &faults.Conns{To: line.Address}
	dial := func() net.Conn {
		t.Helper()
		conn, err := conns.Dial(t.Context(), "tcp", "192.0.2.1:443")
		g.Expect(err).NotTo(HaveOccurred())
		return conn
	}

	cut := dial()
	g.Expect(says(cut, "a", soon)).To(Equal("a"))
	g.Expect(line.Cut()).To(Succeed())
	_, err = says(cut, "b", soon)
	g.Expect(err).To(Or(MatchError(io.EOF), MatchError(ContainSubstring("reset")), MatchError(ContainSubstring("broken pipe"))))

	stranded := dial()
	g.Expect(says(stranded, "c", soon)).To(Equal("c"))
	g.Expect(line.Strand()).To(Succeed())
	_, err = says(stranded, "d", 500*time.Millisecond)
	g.Expect(err).To(MatchError(os.ErrDeadlineExceeded), "neither an answer nor an end")
	fresh := dial()
	g.Expect(says(fresh, "e", soon)).To(Equal("e"), "new connections work")

	g.Expect(line.Spoil("limit_data", faults.Downstream, map[string]int{"bytes": 4})).To(Succeed())
	g.Expect(line.Spoil("no_such_toxic", faults.Downstream, nil)).NotTo(Succeed())
	limited := dial()
	_, err = says(limited, "a long line", soon)
	g.Expect(err).To(MatchError(io.EOF))
	line.Clear(t.Context())
	whole := dial()
	g.Expect(says(whole, "a long line", soon)).To(Equal("a long line"))

	line.Down()
	_, err = conns.Dial(t.Context(), "tcp", "192.0.2.1:443")
	g.Expect(err).To(HaveOccurred())
	g.Expect(line.Up()).To(Succeed())
	g.Expect(line.Up()).To(Succeed(), "again")
	afterOutage := dial()
	g.Expect(says(afterOutage, "f", soon)).To(Equal("f"))

	g.Expect(conns.Made()).To(Equal(6))
	for _, conn := range []net.Conn{cut, stranded, fresh, limited, whole, afterOutage} {
		g.Expect(conns.Open()).To(BeNumerically(">", 0))
		_ = conn.Close()
		_ = conn.Close() // counts once
	}
	line.Close()
	g.Eventually(func() error { return goleak.Find(before) }).Should(Succeed())
}

func TestAnswers(t *testing.T) {
	for name, opts := range map[string]faults.AnswersOptions{
		"HTTP/2":   {LoseEvery: 3},
		"HTTP/1.1": {LoseEvery: 3, HTTP1: true},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			acted := 0
			events := make(chan string)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !faults.IsWatch(r) {
					acted++
					send(w, r, "done")
					return
				}
				_ = http.NewResponseController(w).Flush()
				for event := range events {
					_, _ = fmt.Fprintln(w, event)
					_ = http.NewResponseController(w).Flush()
				}
			}))
			t.Cleanup(server.Close)
			opts.Event = func(line []byte) []byte { return append(line, '!') }
			opts.Body = func(_ *http.Request, body []byte) []byte { return append(body, " well"...) }
			proxy, err := faults.NewAnswers(&rest.Config{Host: server.URL}, opts)
			g.Expect(err).NotTo(HaveOccurred())
			t.Cleanup(proxy.Close)
			client, err := rest.HTTPClientFor(proxy.Config())
			g.Expect(err).NotTo(HaveOccurred())

			lost := 0
			for range 9 {
				resp, err := call(t, client, http.MethodPost, proxy.Config().Host)
				if err != nil {
					lost++
					continue
				}
				body, err := io.ReadAll(resp.Body)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(resp.Body.Close()).To(Succeed())
				g.Expect(string(body)).To(Equal("done well"))
				g.Expect(resp.ProtoMajor == 1).To(Equal(opts.HTTP1))
			}
			g.Expect([]int{lost, proxy.Lost(), acted}).To(Equal([]int{3, 3, 9}))

			resp, err := call(t, client, http.MethodGet, proxy.Config().Host+"?watch=true")
			g.Expect(err).NotTo(HaveOccurred())
			defer func() { _ = resp.Body.Close() }() // in case it fails before the body is closed
			watched := gbytes.BufferReader(resp.Body)
			events <- "a"
			g.Eventually(watched).Should(gbytes.Say("^a!\n$"))
			proxy.HoldWatches()
			events <- "b"
			g.Consistently(watched).WithTimeout(200 * time.Millisecond).ShouldNot(gbytes.Say("."))
			proxy.Release()
			g.Eventually(watched).Should(gbytes.Say("^b!\n$"))
			close(events)
			g.Eventually(watched.Closed).Should(BeTrue())
			g.Expect(resp.Body.Close()).To(Succeed())
		})
	}
}

// send sends a body as an API server sends a large one: compressed, if the client accepts that.
func send(w http.ResponseWriter, r *http.Request, body string) {
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_, _ = io.WriteString(w, body)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	_, _ = io.WriteString(z, body)
	_ = z.Close()
}

func call(t *testing.T, client *http.Client, method, url string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return client.Do(req)
}

func TestTable(t *testing.T) {
	g := NewWithT(t)
	table := faults.Table{
		{Fault: "ß to the end", Injected: 10, InFlight: 200, Wrong: 1},
		{Fault: "a", Injected: 1, InFlight: 2},
	}
	var b strings.Builder
	g.Expect(table.Fprint(&b)).To(Succeed())
	g.Expect(b.String()).To(Equal(strings.TrimPrefix(`
| fault        | times injected | operations in flight | lost | duplicated | wrong |
|---|---:|---:|---:|---:|---:|
| a            |              1 |                    2 |    0 |          0 |     0 |
| ß to the end |             10 |                  200 |    0 |          0 |     1 |
`, "\n")))
	g.Expect(faults.Row{Wrong: 1}.Clean()).To(BeFalse())
	g.Expect(faults.Row{Fault: "x", Injected: 3, InFlight: 1}.Clean()).To(BeTrue())
}
