package faults_test

import (
	"os"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// long reports whether this is the long form of the suite.
func long() bool { return os.Getenv("FAULTS") == "long" }

// form returns short or full, depending on the form of the suite.
func form[T any](short, full T) T {
	if long() {
		return full
	}
	return short
}

// lookSooner makes client-go detect a dead HTTP/2 connection in 10 s rather than 45 s. The long
// form keeps the default.
func lookSooner() {
	for variable, seconds := range map[string]string{
		"HTTP2_READ_IDLE_TIMEOUT_SECONDS": "5",
		"HTTP2_PING_TIMEOUT_SECONDS":      "5",
	} {
		if err := os.Setenv(variable, seconds); err != nil {
			panic(err) // impossible: the name contains neither "=" nor NUL
		}
	}
}

// retryFor is longer than any fault lasts, except in the specs about a fault that doesn't end.
const retryFor = 2 * time.Minute

// options returns the options of the clients under test. A silent watch is replaced sooner than by
// default. Bookmarks arrive once a minute, so an intact watch is sometimes replaced, too.
func options(namespace string) workflow.Options {
	return workflow.Options{Namespace: namespace, RetryFor: retryFor, WatchSilence: form(5*time.Second, 20*time.Second)}
}

// unmanaged returns the options of clients whose workflows no controller picks up.
func unmanaged(namespace string) workflow.Options {
	opts := options(namespace)
	opts.InstanceID = nobody
	return opts
}
