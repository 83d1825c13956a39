package opensearch_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// hintAt returns the hint of a request to an endpoint.
func hintAt(t *testing.T, endpoint string) string {
	t.Helper()
	state := connect(t, backfill.Cluster{Endpoint: endpoint, AllowInsecure: true}, opensearch.Options{})
	_, err := state.Counts(t.Context(), ".migrations_working_state", now)
	var e *opensearch.Error
	if !errors.As(err, &e) || !strings.HasSuffix(err.Error(), e.Hint) {
		t.Errorf("%v", err)
		return ""
	}
	return e.Hint
}

func TestSchemesThatAreMixedUp(t *testing.T) {
	for _, withTLS := range []bool{true, false} {
		server, err := double.New(double.Options{}).Serve(withTLS)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = server.Close() }()
		wrong, want := strings.Replace(server.URL, "http://", "https://", 1), "use http:// in target_cluster.endpoint"
		if withTLS {
			wrong, want = strings.Replace(server.URL, "https://", "http://", 1), "use https:// in target_cluster.endpoint"
		}
		if hint := hintAt(t, wrong); !strings.Contains(hint, want) {
			t.Errorf("%s: %q", wrong, hint)
		}
		if hint := hintAt(t, server.URL); hint != "" {
			t.Errorf("%s: %q", server.URL, hint)
		}
	}
	golang := httptest.NewTLSServer(http.NotFoundHandler())
	defer golang.Close()
	if hint := hintAt(t, strings.Replace(golang.URL, "https://", "http://", 1)); hint != "the port expects TLS; use https:// in target_cluster.endpoint" {
		t.Errorf("%q", hint)
	}
}

// Some servers send an alert of TLS before they close.
func TestAlertOfTLS(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = connection.Read(make([]byte, 4096))
			_, _ = connection.Write([]byte("\x15\x03\x01\x00\x02\x02\x16"))
			_ = connection.Close()
		}
	}()
	if hint := hintAt(t, "http://"+listener.Addr().String()); !strings.Contains(hint, "use https://") {
		t.Errorf("%q", hint)
	}
}

// A cluster that has answered has the right scheme.
func TestNoHintAfterAnAnswer(t *testing.T) {
	p, cluster := onDouble(t)
	p.write(t, map[string]document{"a": {"completedAt": 2}}, true)
	p.counts(t)
	cluster.Inject(double.Fault{Cut: true})
	_, err := p.state.Counts(t.Context(), p.index, now)
	var e *opensearch.Error
	if !errors.As(err, &e) || e.Hint != "" {
		t.Errorf("%v", err)
	}
}
