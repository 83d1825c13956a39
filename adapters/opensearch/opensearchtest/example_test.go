package opensearchtest_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
)

// A search fails twice, then it finds the document.
func Example() {
	run := func(ctx context.Context) error {
		cluster := opensearchtest.New(opensearchtest.Options{Username: "admin", Password: "secret"}) // an http.Handler
		err := cluster.Put(".migrations_working_state", "books__0__0", map[string]any{"expiration": 1764100000})
		if err != nil {
			return err
		}
		remove := cluster.Inject(opensearchtest.Fault{Path: "/*/_search", Status: 503, Times: 2})
		defer remove()
		server, err := cluster.Serve(false) // true: with TLS, and the certificate in server.CA
		if err != nil {
			return err
		}
		defer func() { _ = server.Close() }()
		for range 3 {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/.migrations_working_state/_search", nil)
			if err != nil {
				return err
			}
			request.SetBasicAuth("admin", "secret")
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				return err
			}
			_ = response.Body.Close()
			fmt.Println(response.Status)
		}
		return nil
	}
	if err := run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 503 Service Unavailable
	// 503 Service Unavailable
	// 200 OK
}
