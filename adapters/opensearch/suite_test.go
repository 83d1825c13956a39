package opensearch_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// realServer is the environment variable with the URL of a server, including user name and password
// if it requires them, on which the shared specs run as well.
const realServer = "OPENSEARCH_URL"

func TestMain(m *testing.M) {
	if os.Getenv(realServer) == "" {
		fmt.Fprintf(os.Stderr, "\n***** %s is not set: the specs run on the double ONLY, not on a real server *****\n\n", realServer)
	}
	goleak.VerifyTestMain(m)
}
