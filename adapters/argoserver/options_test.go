package argoserver_test

import (
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argoserver"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

var dnsError = net.DNSError{Err: "no such host", Name: "host.invalid", IsNotFound: true}

func TestOptionsThatAreRefused(t *testing.T) {
	valid := argoserver.Options{URL: "https://argo-server.argo:2746/base", HTTP: http.DefaultClient}
	if _, err := argoserver.New(valid); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*argoserver.Options){
		"Options.HTTP":    func(o *argoserver.Options) { o.HTTP = nil },
		"Options.Timeout": func(o *argoserver.Options) { o.Timeout = -time.Second },
		"Options.MaxSize": func(o *argoserver.Options) { o.MaxSize = 1<<30 + 1 },
	} {
		opts := valid
		change(&opts)
		expectProblems(t, opts, name)
	}
	for _, url := range []string{
		"", "argo-server:2746", "/base", "ftp://argo", "https://", "https://user:secret@argo", "https://secret@argo",
		"https://argo?token=secret", "https://argo#secret", "https://argo:secret", "https://ar go/%zzsecret",
	} {
		opts := valid
		opts.URL = url
		expectProblems(t, opts, "Options.URL")
	}
	expectProblems(t, argoserver.Options{MaxSize: -1, Timeout: -1}, "Options.URL", "Options.HTTP", "Options.Timeout", "Options.MaxSize")
}

// expectProblems checks that the error names these fields and no others.
func expectProblems(t *testing.T, opts argoserver.Options, want ...string) {
	t.Helper()
	_, err := argoserver.New(opts)
	var invalid *workflow.InvalidError
	if !errors.As(err, &invalid) {
		t.Errorf("%v: %v", want, err)
		return
	}
	var got []string
	for _, problem := range invalid.Problems {
		got = append(got, problem.Field)
	}
	if !slices.Equal(got, want) || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v, not %v: %v", got, want, err)
	}
}

// The host's client is not changed.
func TestTheHostsClientStaysAsItIs(t *testing.T) {
	own := &http.Client{Timeout: time.Minute}
	if _, err := argoserver.New(argoserver.Options{URL: "https://argo", HTTP: own}); err != nil {
		t.Fatal(err)
	}
	if own.CheckRedirect != nil || own.Timeout != time.Minute {
		t.Errorf("%+v", own)
	}
}
