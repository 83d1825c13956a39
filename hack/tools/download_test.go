package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestDownload(t *testing.T) {
	ours := fmt.Sprintf("/envtest-v1.37.1-%s-%s.tar.gz", runtime.GOOS, runtime.GOARCH)
	pinned, another := newArchive(t, "pinned"), newArchive(t, "another")
	downloaded := []string{"envtest/etcd", "envtest/kube-apiserver", "envtest/kubectl", "kube/kube-controller-manager"}
	built := []string{"kube/etcd", "kube/kube-apiserver", "kube/kube-controller-manager", "kube/kubectl"}
	for name, tc := range map[string]struct {
		from    string
		version string // that is pinned
		serves  string // "another" archive, "none", or an archive without end after so many "bytes"
		says    string
		want    []string // nil: it fails
	}{
		"mirror answers":        {want: downloaded, says: "downloading etcd kube-apiserver kubectl (envtest-v1.37.1-"},
		"forced":                {from: "download", want: downloaded, says: "downloading"},
		"forced to build":       {from: "build", want: built, says: "building etcd"},
		"no answer":             {serves: "0 bytes", want: built, says: "no download"},
		"an answer without end": {serves: "10 bytes", want: built, says: "no download"},
		"no archive":            {serves: "none", want: built, says: "404"},
		"no archive, forced":    {from: "download", serves: "none", says: "unset it to build instead"},
		"other version":         {version: "v1.36.1", want: built, says: "pins no archive of v1.37"},
		"other version, forced": {from: "download", version: "v1.36.1", says: "pins no archive of v1.37"},
		"tampered with":         {serves: "another", want: built, says: "has not the SHA-512 checksum that envtest.sha512 pins"},
		"tampered with, forced": {from: "download", serves: "another", says: "has not the SHA-512 checksum that envtest.sha512 pins"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			if tc.version == "" {
				tc.version = "v1.37.1"
			}
			c.pin(t, tc.version, fmt.Sprintf("%x", sha512.Sum512(pinned)))
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				data := pinned
				switch {
				case tc.serves == "none" || r.URL.Path != ours:
					http.NotFound(w, r)
					return
				case tc.serves == "another":
					data = another
				case tc.serves == "10 bytes":
					_, _ = w.Write(data[:10])
					w.(http.Flusher).Flush()
				}
				if strings.HasSuffix(tc.serves, "bytes") {
					<-r.Context().Done()
					return
				}
				_, _ = w.Write(data)
			}))
			t.Cleanup(server.Close)
			t.Setenv("TOOLS_MIRROR", server.URL+"/")
			t.Setenv("TOOLS_FROM", tc.from)
			t.Setenv("TOOLS_PATIENCE", "1")

			install := []string{"install", "etcd", "kube-apiserver", "kubectl", "kube-controller-manager"}
			says, err := c.run(t, install...)
			if (err == nil) != (tc.want != nil) {
				t.Fatalf("%v: %s", err, says)
			}
			wantContains(t, says, tc.says)
			if got := c.programs(t); !slices.Equal(got, tc.want) {
				t.Errorf("installed are %v", got)
			}
			c.noLeftovers(t)
			if tc.want == nil {
				return
			}
			server.Close()
			if again := c.ok(t, install...); strings.Count(again, "\n") != 1 {
				t.Errorf("the next run should find all there, said:\n%s", again)
			}
			if tc.want[0] == "envtest/etcd" {
				found, err := filepath.Glob(filepath.Join(c.cache, "envtest-*", "etcd"))
				if err != nil || len(found) != 1 {
					t.Fatal(found, err)
				}
				if out, err := exec.CommandContext(t.Context(), found[0]).Output(); err != nil || string(out) != "pinned etcd\n" {
					t.Errorf("etcd says %q, %v", out, err)
				}
			}
		})
	}
}

// newArchive is one in the form of those that are published.
func newArchive(t *testing.T, what string) []byte {
	t.Helper()
	var data bytes.Buffer
	zip := gzip.NewWriter(&data)
	tarball := tar.NewWriter(zip)
	for _, program := range []string{"etcd", "kube-apiserver", "kubectl"} {
		text := fmt.Sprintf("#!/bin/sh\necho %s %s\n", what, program)
		header := &tar.Header{Name: "controller-tools/envtest/" + program, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(text))}
		if err := tarball.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := tarball.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tarball.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

// A mirror's user and password go to the mirror, and to nowhere else.
func TestThePasswordOfAMirrorIsNotShown(t *testing.T) {
	c := newCheckout(t)
	data := newArchive(t, "pinned")
	c.pin(t, "v1.37.1", fmt.Sprintf("%x", sha512.Sum512(data)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "robot" || password != `hunter2"\` {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		_, _ = w.Write(data)
	}))
	t.Cleanup(server.Close)
	t.Setenv("TOOLS_FROM", "download")
	for _, tc := range []struct{ mirror, says string }{
		{strings.Replace(server.URL, "//", "//hunter2@", 1), "401"}, // as a token is given
		{strings.Replace(server.URL, "//", "//robot:wrong-hunter2@", 1), "401"},
		{"http://robot:hunter2@127.0.0.1:1/nothing-listens-here", "connect"},
		{"http://robot:hunter2@127.0.0.1:no-port/", "curl"},
		{server.URL + "/?token=hunter2", "TOOLS_MIRROR is not the URL of a folder"},
		{strings.Replace(server.URL, "//", "//robot:hunter2%22%5C@", 1), "all there"},
	} {
		t.Setenv("TOOLS_MIRROR", tc.mirror)
		says, err := c.run(t, "install", "etcd")
		if (err == nil) != (tc.says == "all there") {
			t.Error(err)
		}
		wantContains(t, says, tc.says)
		if strings.Contains(says, "hunter2") || strings.Contains(says, "robot") {
			t.Errorf("it is shown: %s", says)
		}
	}
}
