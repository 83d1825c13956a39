package opensearch_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const operator = "ops.user-7"

// Servers and proxies repeat what was sent to them, in any part of an answer.
func TestNothingThatWasSentIsInErrors(t *testing.T) {
	p, cluster := onDouble(t, func(_ *double.Options, target *backfill.Cluster, _ *opensearch.Options) {
		target.Basic = &backfill.BasicAuth{Username: operator, Password: backfill.NewSecret(`s3cret"&<ö:!`)}
	})
	p.write(t, map[string]document{"a": {"completedAt": 2}}, true)
	header := base64.StdEncoding.EncodeToString([]byte(operator + `:s3cret"&<ö:!`))
	said := `Authorization: Basic ` + header + ` of user [` + operator + `]`
	counts := func() error { _, err := p.state.Counts(t.Context(), p.index, now); return err }
	size := func() error { _, err := p.state.Size(t.Context(), p.index); return err }
	remove := func() error { return p.state.Delete(t.Context(), p.index) }
	restore := func() error {
		_, err := p.state.Restore(t.Context(), p.index, yields(nil, doc("b", "{}")))
		return err
	}
	read := func() error {
		for _, err := range p.state.Documents(t.Context(), p.index) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	searchFailed := `"status":403,"error":{"type":"` + operator + `","reason":"` + said + `"}`
	for name, c := range map[string]struct {
		fault double.Fault
		call  func() error
	}{
		"one search of several":   {double.Fault{Path: "/*/_msearch", Rewrite: replace(3, `"status":200`, searchFailed)}, counts},
		"one document of several": {double.Fault{Path: "/*/_bulk", Rewrite: replace(1, `"status":201`, searchFailed)}, restore},
		"a page":                  {double.Fault{Path: "/_search", Rewrite: func([]byte) []byte { return []byte("{" + strings.Replace(searchFailed, "403", "500", 1) + "}") }}, read},
		"an answer of other form": {double.Fault{Path: "/*/_count", Rewrite: func([]byte) []byte { return []byte(`{"count": "` + said + `"}`) }}, size},
		"no permission":           {double.Fault{Status: 403, Body: `{"error":{"type":"x","reason":"no permissions for User [name=` + operator + `, backend_roles=[]]"}}`}, remove},
		"not known":               {double.Fault{Status: 401, Body: "user " + operator + " is not known"}, remove},
		"escaped":                 {double.Fault{Status: 400, Body: `<p>s3cret&#34;&amp;&lt;ö:!</p> s3cret%22%26%3C%C3%B6%3A%21 ` + header}, remove},
		"quoted":                  {double.Fault{Status: 400, Body: `password "s3cret\"\u0026\u003cö:!"`}, remove},
		"quoted by others":        {double.Fault{Status: 400, Body: `password "s3cret\"&<ö:!" "s3cret\"&<\u00F6:!" "s3cret\"\u0026\u003Cö:!"`}, remove},
		"escaped by others":       {double.Fault{Status: 400, Body: `<p>s3cret&quot;&amp;&lt;ö:!</p> s3cret%22%26%3c%c3%b6%3a%21`}, remove},
		"a part of it":            {double.Fault{Status: 400, Body: "Basic " + header[:12]}, remove},
		"without its padding":     {double.Fault{Status: 400, Body: strings.TrimRight(header, "=")}, remove},
		"far away":                {double.Fault{Status: 400, Body: strings.Repeat("x", 490) + said}, remove},
	} {
		undo := cluster.Inject(c.fault)
		err := c.call()
		undo()
		var failed *opensearch.Error
		if !errors.As(err, &failed) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text := fmt.Sprintf("%v %+v %#v %s %s", err, err, err, failed.Type, failed.Reason)
		for _, secret := range []string{operator, header[:12], `s3cret"`, `s3cret\`, "s3cret&#34;", "s3cret%22", "s3cret"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows %s: %s", name, secret, text)
			}
		}
		if len([]rune(err.Error())) > 1200 {
			t.Errorf("%s: %d characters", name, len([]rune(err.Error())))
		}
	}
}

// Loggers write the message of each error of a chain, and credentials can come back even without a
// response.
func TestNoErrorOfTheChainShowsWhatWasSent(t *testing.T) {
	cluster := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = fmt.Fprintf(connection, "%s\r\n\r\n", r.Header.Get("Authorization"))
		_ = connection.Close()
	}))
	defer cluster.Close()
	credentials := &backfill.BasicAuth{Username: operator, Password: backfill.NewSecret("s3cret")}
	state := connect(t, backfill.Cluster{Endpoint: cluster.URL, Basic: credentials}, opensearch.Options{})
	header := base64.StdEncoding.EncodeToString([]byte(operator + ":s3cret"))
	err := state.Delete(t.Context(), ".migrations_working_state")
	if err == nil || !strings.Contains(err.Error(), "*****") {
		t.Fatalf("it did not come back: %v", err)
	}
	for each := err; each != nil; each = errors.Unwrap(each) {
		if strings.Contains(each.Error(), header) {
			t.Errorf("%T: %v", each, each)
		}
	}
}

// A password in a Secret can consist of any bytes.
func TestPasswordsOfAnyBytes(t *testing.T) {
	const password = "s3cret\xff(*\n"
	p, cluster := onDouble(t, func(_ *double.Options, target *backfill.Cluster, _ *opensearch.Options) {
		target.Basic = &backfill.BasicAuth{Username: operator, Password: backfill.NewSecret(password)}
	})
	for _, said := range []string{password, strings.TrimSpace(password)} {
		undo := cluster.Inject(double.Fault{Status: 400, Body: "no: " + said})
		err := p.state.Delete(t.Context(), p.index)
		undo()
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", said, err)
		}
	}
}

// A name that is a part of another word does not reveal the user.
func TestWordsAreLeftWhole(t *testing.T) {
	p, cluster := onDouble(t, func(_ *double.Options, target *backfill.Cluster, _ *opensearch.Options) {
		target.Basic = &backfill.BasicAuth{Username: admin, Password: backfill.NewSecret("s3cret")}
	})
	defer cluster.Inject(double.Fault{Status: 403, Body: "admin is no administrator, admin"})()
	if err := p.state.Delete(t.Context(), p.index); !strings.HasSuffix(err.Error(), ": ***** is no administrator, *****") {
		t.Error(err)
	}
}

func TestNoSignatureInErrors(t *testing.T) {
	p, cluster := onDouble(t, signed(double.SigV4{}, backfill.SigV4Auth{Region: "eu-west-1"}, ""))
	if err := cluster.Put(p.index, "a", document{}); err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{"x-amz-security-token:session-token", "AKIDEXAMPLE is not authorized"} {
		undo := cluster.Inject(double.Fault{Path: "/*/_msearch", Rewrite: replace(2, `"status":200`, `"status":403,"error":"`+said+`"`)})
		_, err := p.state.Counts(t.Context(), p.index, now)
		undo()
		if text := fmt.Sprintf("%+v", err); err == nil || strings.Contains(text, "session-token") || strings.Contains(text, "AKIDEXAMPLE") {
			t.Errorf("%s: %s", said, text)
		}
	}
}

// Credentials are sent to the configured cluster only.
func TestRedirectsAreNotFollowed(t *testing.T) {
	asked := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer elsewhere.Close()
	cluster := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer cluster.Close()
	state := connect(t, backfill.Cluster{Endpoint: cluster.URL, Basic: &backfill.BasicAuth{Username: admin, Password: backfill.NewSecret(password)}}, opensearch.Options{})
	_, err := state.Counts(t.Context(), ".migrations_working_state", now)
	var failed *opensearch.Error
	if !errors.As(err, &failed) || failed.StatusCode != http.StatusTemporaryRedirect || asked != 0 {
		t.Errorf("%v, and the other was asked %d times", err, asked)
	}
}

func TestBasicAuthOverHTTP(t *testing.T) {
	for endpoint, refused := range map[string]bool{
		"http://host:9200": true, "HTTP://host": true, "http://127.0.0.1.example": true, "http://10.1.2.3": true,
		"https://host": false, "http://localhost:9200": false, "http://127.0.0.1:9200": false, "http://[::1]:9200": false,
	} {
		for _, insecure := range []bool{false, true} {
			target := backfill.Cluster{
				Endpoint: endpoint, AllowInsecure: insecure, Basic: &backfill.BasicAuth{Username: "u", Password: backfill.NewSecret("s3cret")},
			}
			state, err := opensearch.New(target, opensearch.Options{})
			if errors.Is(err, workflow.ErrInvalid) != (refused && !insecure) || err != nil && !strings.Contains(err.Error(), "allow_insecure: true") {
				t.Errorf("%s, %v: %v", endpoint, insecure, err)
			}
			if state != nil {
				_ = state.Close()
			}
		}
	}
}

// spaces is a reader of endless JSON.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// large returns an answer of that many bytes.
func large(n int64) io.Reader {
	return io.MultiReader(strings.NewReader(`{"responses":[`), io.LimitReader(spaces{}, n), strings.NewReader("]}"))
}

// An answer takes memory in proportion to its limit, whatever its size.
func TestLargeAnswers(t *testing.T) {
	const size = 256 << 20
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := io.Copy(writer, large(size)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	list := func(element string, n int) io.Reader {
		return strings.NewReader(`{"responses":[` + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + `]}`)
	}
	for name, c := range map[string]struct {
		answer func() io.Reader
		packed bool
		says   string
	}{
		"packed": {func() io.Reader { return bytes.NewReader(packed.Bytes()) }, true, "compressed"},
		"long":   {func() io.Reader { return large(size) }, false, "larger than"},
		"many":   {func() io.Reader { return list("{}", 80_000) }, false, "more than the 7 requested elements"},
		"deep": {func() io.Reader { return list(`{"aggregations":{"last_completed":`+strings.Repeat("[", 100_000), 1) }, false,
			"can't be decoded"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				t.Error("asks for a packed answer")
			}
			w.Header().Set("Content-Type", "application/json")
			if c.packed {
				w.Header().Set("Content-Encoding", "gzip")
			}
			_, _ = io.Copy(w, c.answer()) // the client leaves
		}))
		state := connect(t, backfill.Cluster{Endpoint: server.URL}, opensearch.Options{})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := state.Counts(t.Context(), ".migrations_working_state", now)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
			t.Errorf("%s: %d MiB were allocated", name, took>>20)
		}
		server.CloseClientConnections()
		server.Close()
	}
}

// A page may be large, but has no more documents than requested.
func TestLargePages(t *testing.T) {
	p, cluster := onDouble(t)
	long := strings.Repeat("x", 1<<20)
	p.write(t, map[string]document{"a": {"x": long}, "b": {"x": long}}, true)
	if got := p.read(t); len(got) != 2 || len(got["a"]) < 1<<20 {
		t.Errorf("%d documents", len(got))
	}
	cluster.Inject(double.Fault{Path: "/_search", Rewrite: replace(1, `"hits":[`, `"hits":[`+strings.Repeat(`{"_id":"x","_source":{}},`, 2000))})
	for _, err := range p.state.Documents(t.Context(), p.index) {
		if err != nil && !strings.Contains(err.Error(), "more than the 1000 requested elements") {
			t.Error(err)
		}
		if err == nil {
			t.Error("yielded")
		}
	}
}
