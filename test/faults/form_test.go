package faults_test

import (
	"os"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// long says whether this is the long form of the suite.
func long() bool { return os.Getenv("FAULTS") == "long" }

// form is what the suite's two forms have of something.
func form[T any](short, full T) T {
	if long() {
		return full
	}
	return short
}

// lookSooner has client-go find a dead HTTP/2 connection in 10 s rather than in 45. The long
// form has the default.
func lookSooner() {
	for variable, seconds := range map[string]string{
		"HTTP2_READ_IDLE_TIMEOUT_SECONDS": "5",
		"HTTP2_PING_TIMEOUT_SECONDS":      "5",
	} {
		if err := os.Setenv(variable, seconds); err != nil {
			panic(err) // it has neither "=" nor NUL
		}
	}
}

// retryFor is longer than any fault here lasts, but for the specs about one that doesn't end.
const retryFor = 2 * time.Minute

// options are those of the clients under test. A silent watch is given up sooner than by
// default: bookmarks come once a minute, so here a quiet one is now and then as well.
func options(namespace string) workflow.Options {
	return workflow.Options{Namespace: namespace, RetryFor: retryFor, WatchSilence: form(5*time.Second, 20*time.Second)}
}
