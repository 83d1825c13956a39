package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program stands in for govulncheck: it notes what it was told, says a text and ends with a code. As
// text it says what made a missing database out of every failure once.
func program(t *testing.T, code string) (path string, calls func() []string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "govulncheck")
	script := "#!/bin/sh\necho \"$*\" >>\"$0.calls\"\necho 'Get https://proxy.example/x.zip: dial tcp: lookup proxy.example: no such host'\nexit " + code + "\n"
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return path, func() []string {
		text, err := os.ReadFile(path + ".calls")
		if err != nil {
			return nil
		}
		return strings.Split(strings.TrimSpace(string(text)), "\n")
	}
}

// database is one that answers, with a code for each request; 0: it doesn't answer.
func database(t *testing.T, codes ...int) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code := codes[0]
		if len(codes) > 1 {
			codes = codes[1:]
		}
		switch {
		case code == 0:
			panic(http.ErrAbortHandler)
		case code != http.StatusOK:
			w.WriteHeader(code)
		case r.URL.Path == "/index/db.json.gz":
			packed := gzip.NewWriter(w)
			if _, err := packed.Write([]byte(`{"modified":"2026-11-20T00:00:00Z"}`)); err != nil {
				t.Error(err)
			}
			if err := packed.Close(); err != nil {
				t.Error(err)
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestWhatIsSaid(t *testing.T) {
	for name, test := range map[string]struct {
		answers  []int  // of the database
		code     string // of govulncheck
		required bool
		calls    int
		says     string
		fails    string // "": it doesn't
	}{
		"nothing known":                       {answers: []int{200}, code: "0", calls: 2, says: "vulncheck two: none known"},
		"vulnerabilities":                     {answers: []int{200}, code: "3", calls: 2, says: "vulncheck two:\n", fails: "there are known vulnerabilities"},
		"a module that can't be downloaded":   {answers: []int{200}, code: "1", calls: 1, says: "no such host", fails: "exit status 1"},
		"wrong usage":                         {answers: []int{200}, code: "2", calls: 1, fails: "exit status 2"},
		"database away":                       {answers: []int{0}, code: "3", says: "vulncheck: skipped, the database"},
		"database away, and needed":           {answers: []int{0}, code: "0", required: true, fails: "can't be reached"},
		"a proxy refuses":                     {answers: []int{403}, code: "3", says: "skipped"},
		"a proxy wants a password":            {answers: []int{407}, code: "3", says: "skipped"},
		"database is being mended":            {answers: []int{503}, code: "3", says: "skipped"},
		"database goes away meanwhile":        {answers: []int{200, 0}, code: "1", calls: 1, says: "skipped"},
		"it goes away, and is needed":         {answers: []int{200, 0}, code: "1", required: true, calls: 1, fails: "can't be reached"},
		"vulnerabilities, and it goes away":   {answers: []int{200, 0}, code: "3", calls: 2, fails: "there are known vulnerabilities"},
		"another thing than a database there": {answers: []int{404}, code: "0", fails: "404"},
	} {
		t.Run(name, func(t *testing.T) {
			program, calls := program(t, test.code)
			url := database(t, test.answers...)
			args := []string{"-db", url, program, "one", "two"}
			if test.required {
				args = append([]string{"-required"}, args...)
			}
			var out bytes.Buffer
			err := run(t.Context(), args, &out)
			if (err != nil) != (test.fails != "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("the error is %v, want %q", err, test.fails)
			}
			if !strings.Contains(out.String(), test.says) {
				t.Errorf("it says %q, want %q", out.String(), test.says)
			}
			if got := calls(); len(got) != test.calls {
				t.Errorf("govulncheck is called with %q, want %d calls", got, test.calls)
			} else if test.calls > 0 && got[0] != "-db "+url+" -C one ./..." {
				t.Errorf("govulncheck is called with %q", got[0])
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	program, calls := program(t, "3")
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-db", server.URL, program, "one"}, &out); err != nil || !strings.Contains(out.String(), "skipped") || calls() != nil {
		t.Errorf("the error is %v, it says %q, and calls govulncheck with %q", err, out.String(), calls())
	}
}

// A page that asks people to log in is no database, and nobody takes it for one.
func TestAnotherPage(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := w.Write([]byte("<html>")); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	program, _ := program(t, "0")
	if err := run(t.Context(), []string{"-db", server.URL, program, "one"}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "something else") {
		t.Errorf("the error is %v", err)
	}
}

func TestFolder(t *testing.T) {
	program, calls := program(t, "0")
	if err := run(t.Context(), []string{"-db", "file:///vulndb", program, "one"}, &bytes.Buffer{}); err != nil || len(calls()) != 1 {
		t.Errorf("the error is %v, and calls are %q", err, calls())
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	program, _ := program(t, "0")
	if err := run(ctx, []string{"-db", database(t, 200), program, "one"}, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestArguments(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"govulncheck"}, &out); err == nil {
		t.Error("no module is no error")
	}
	if err := run(t.Context(), []string{"-help"}, &out); !errors.Is(err, flag.ErrHelp) || !strings.Contains(out.String(), "-required") {
		t.Errorf("-help: %v, and it says %q", err, out.String())
	}
}
