package opensearch_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// While the consumer works on a page, the next one is read, and none after that.
func TestOnePageAhead(t *testing.T) {
	p, cluster := onDouble(t)
	fill(t, p, cluster, 4500, 10)
	answered := func() int {
		n := 0
		for _, r := range cluster.Requests() {
			if r.Path == "/_search" && r.Status == http.StatusOK {
				n++
			}
		}
		return n
	}
	n := 0
	for _, err := range p.state.Documents(t.Context(), p.index) {
		if err != nil {
			t.Fatal(err)
		}
		ahead := min(n/1000+2, 5)
		if n%1000 == 0 {
			eventually(t, func() bool { return answered() == ahead })
		}
		if n++; n%1000 == 0 && answered() != ahead {
			t.Errorf("%d pages after %d documents", answered(), n)
		}
	}
	if n != 4500 {
		t.Errorf("%d documents", n)
	}
}

// eventually waits until something is true.
func eventually(t *testing.T, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it has not become true")
		}
	}
}

// A consumer that leaves its loop, however it does, doesn't wait for the next page, and nothing goes on
// reading it.
func TestTheNextPageIsGivenUp(t *testing.T) {
	for _, version := range versions {
		for _, leave := range []string{"break", "panic"} {
			p, cluster := onDouble(t, ofVersion(version))
			fill(t, p, cluster, 2500, 10)
			fault := double.Fault{Method: http.MethodPost, Path: "/_search", Skip: 1, Delay: time.Hour}
			if version == "1.3.20" {
				fault.Path, fault.Skip = "/_search/scroll", 0
			}
			cluster.Inject(fault)
			func() {
				defer func() {
					if (recover() != nil) != (leave == "panic") {
						t.Errorf("it was left by a %s", leave)
					}
				}()
				for _, err := range p.state.Documents(t.Context(), p.index) {
					if err != nil {
						t.Error(err)
					}
					if leave == "panic" {
						panic("the consumer")
					}
					break
				}
			}()
			if readers(cluster) != 0 {
				t.Errorf("%s: %d readers are open after a %s", version, readers(cluster), leave)
			}
		}
	}
}

// BenchmarkDocuments reads an index with and without a page ahead, by turns, and does with each
// document about what an archive does. With OPENSEARCH_URL it reads from that server.
func BenchmarkDocuments(b *testing.B) {
	p := &place{}
	if os.Getenv(realServer) != "" {
		p = onReal(b)
	} else {
		p, _ = onDouble(b)
	}
	p.writeMany(b, 50_000)
	reader := map[bool]func(func(backfill.Document) bool) error{
		true: func(each func(backfill.Document) bool) error {
			for d, err := range p.state.Documents(b.Context(), p.index) {
				if err != nil || !each(d) {
					return err
				}
			}
			return nil
		},
		false: func(each func(backfill.Document) bool) error {
			return opensearch.DocumentsInSequence(context.WithoutCancel(b.Context()), p.state, p.index, each)
		},
	}
	took := map[bool]time.Duration{}
	for b.Loop() {
		for ahead, read := range reader {
			began, n, sum := time.Now(), 0, sha256.New()
			err := read(func(d backfill.Document) bool {
				id, err := json.Marshal(d.ID)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = sum.Write(id)
				_, _ = sum.Write(d.Source)
				n++
				return true
			})
			if took[ahead] += time.Since(began); err != nil || n != 50_000 {
				b.Fatalf("%d documents, %v", n, err)
			}
		}
	}
	b.ReportMetric(float64(took[false])/float64(took[true]), "times-as-fast")
}
