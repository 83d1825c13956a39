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
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestDownload(t *testing.T) {
	ours := fmt.Sprintf("/envtest-v1.37.1-%s-%s.tar.gz", runtime.GOOS, runtime.GOARCH)
	for _, tc := range []struct {
		name    string
		from    string
		version string // that is pinned; "": v1.37.1
		other   bool   // the mirror has another archive than the one that is pinned
		hangs   string // "answer", "middle": where the mirror does
		gone    bool   // the mirror has none
		built   bool   // the assets come from a build after all
		says    string // on the way, or as the error
		fails   bool
	}{
		{name: "mirror answers", says: "downloading kube-apiserver, etcd, kubectl (v1.37.1)"},
		{name: "forced", from: fromDownload, says: "downloading kube-apiserver, etcd, kubectl (v1.37.1)"},
		{name: "no answer", hangs: "answer", built: true, says: "timeout awaiting response headers"},
		{name: "an answer without end", hangs: "middle", built: true, says: "took longer than 500ms"},
		{name: "no archive", gone: true, built: true, says: "404 Not Found"},
		{name: "other version", version: "v1.36.1", built: true, says: "pins no archive of v1.37"},
		{name: "tampered with", other: true, built: true, says: "not the one that envtest.sha512 pins"},
		{name: "tampered with, forced", from: fromDownload, other: true, fails: true, says: "not the one that envtest.sha512 pins"},
		{name: "other version, forced", from: fromDownload, version: "v1.36.1", fails: true, says: "pins no archive of v1.37"},
		{name: "forced to build", from: fromBuild, built: true, says: "building kube-apiserver"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			data := newArchive(t, "the archive")
			version := tc.version
			if version == "" {
				version = "v1.37.1"
			}
			f.pin(t, version, fmt.Sprintf("%x", sha512.Sum512(data)))
			if tc.other {
				data = newArchive(t, "another archive")
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != ours || tc.gone {
					http.NotFound(w, r)
					return
				}
				if tc.hangs == "middle" {
					_, _ = w.Write(data[:10])
					w.(http.Flusher).Flush()
				}
				if tc.hangs != "" {
					<-r.Context().Done()
					return
				}
				_, _ = w.Write(data)
			}))
			t.Cleanup(server.Close)
			t.Setenv("TOOLS_MIRROR", server.URL+"/")
			t.Setenv("TOOLS_FROM", tc.from)
			in, says := f.installer(t)
			in.answerTimeout, in.downloadTimeout = time.Minute, time.Minute
			switch tc.hangs {
			case "answer":
				in.answerTimeout = 200 * time.Millisecond
			case "middle":
				in.downloadTimeout = 500 * time.Millisecond
			}

			err := in.install(t.Context(), []string{"kube"})
			if left := f.leftovers(t); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			kube := f.load(t, "kube")
			if tc.fails {
				if err == nil {
					t.Fatal("a forced download that cannot work succeeded")
				}
				wantContains(t, err.Error(), tc.says)
				if got := f.programs(t); len(got) > 0 {
					t.Errorf("there is %v, although a download was forced", got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantContains(t, says.String(), tc.says)
			dir, err := in.assetsDir(kube)
			if err != nil {
				t.Fatal(err)
			}
			if built := dir == kube.dir; built != tc.built {
				t.Errorf("the assets are in %s: built is %v, want %v", dir, built, tc.built)
			}
			if missing := missingIn(kube.dir, []string{"kube-controller-manager", "kube-scheduler"}); missing != nil {
				t.Errorf("%v must be built in any case", missing)
			}
			if !tc.built {
				out, err := exec.CommandContext(t.Context(), filepath.Join(dir, "etcd")).Output()
				if err != nil || string(out) != "etcd of the archive\n" {
					t.Errorf("etcd says %q, %v", out, err)
				}
			}

			again, saysAgain := f.installer(t)
			again.mirror = server.URL + "/gone"
			if err := again.install(t.Context(), []string{"kube"}); err != nil {
				t.Errorf("the next run: %v", err)
			}
			if got := saysAgain.String(); strings.Count(got, "\n") != 1 {
				t.Errorf("the next run should find all there, said:\n%s", got)
			}
		})
	}
}

// newArchive is one with the three programs, and things that are no matter.
func newArchive(t *testing.T, what string) []byte {
	t.Helper()
	var data bytes.Buffer
	zip := gzip.NewWriter(&data)
	tarball := tar.NewWriter(zip)
	names := []string{"../../escaped"}
	for _, program := range assetNames() {
		names = append(names, "controller-tools/envtest/"+program)
	}
	for _, name := range names {
		text := fmt.Sprintf("#!/bin/sh\necho %s of %s\n", path.Base(name), what)
		header := &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(text))}
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
	f := newFixture(t)
	data := newArchive(t, "the archive")
	f.pin(t, "v1.37.1", fmt.Sprintf("%x", sha512.Sum512(data)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "robot" || password != "hunter2" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		_, _ = w.Write(data)
	}))
	t.Cleanup(server.Close)
	t.Setenv("TOOLS_FROM", fromDownload)
	for _, tc := range []struct{ mirror, says string }{
		{strings.Replace(server.URL, "//", "//hunter2@", 1), "401 Unauthorized"}, // as a token is given
		{strings.Replace(server.URL, "//", "//robot:wrong-hunter2@", 1), "401 Unauthorized"},
		{"http://robot:hunter2@127.0.0.1:1/nothing-listens-here", "connect"},
		{"http://robot:hunter2%zz@127.0.0.1/", "TOOLS_MIRROR is not the URL of a folder"},
		{server.URL + "/?token=hunter2", "TOOLS_MIRROR is not the URL of a folder"},
		{strings.Replace(server.URL, "//", "//robot:hunter2@", 1), ""},
	} {
		t.Setenv("TOOLS_MIRROR", tc.mirror)
		in, says := f.installer(t)
		err := in.install(t.Context(), []string{"kube"})
		if tc.says == "" && err != nil {
			t.Error(err)
		}
		if tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) {
			t.Errorf("%v, want %q", err, tc.says)
		}
		if text := says.String() + fmt.Sprint(err); strings.Contains(text, "hunter2") || strings.Contains(text, "robot") {
			t.Errorf("it is shown: %s", text)
		}
	}
}
