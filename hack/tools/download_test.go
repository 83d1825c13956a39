package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// These run the real setup-envtest, built from its module, against an index of their own.
func TestDownload(t *testing.T) {
	seed := newFixture(t)
	in, _ := seed.installer(t)
	if err := in.install(t.Context(), []string{setSetupEnvtest}); err != nil {
		t.Fatal(err)
	}
	setupDir := seed.load(t, setSetupEnvtest).dir
	ours := fmt.Sprintf("envtest-v1.37.1-%s-%s.tar.gz", runtime.GOOS, runtime.GOARCH)

	for _, tc := range []struct {
		name    string
		from    string
		archive string // name in the index
		badHash bool
		hangOn  string // path that is never answered
		built   bool   // the assets come from a build after all
		says    string // on the way, or as the error
		fails   bool
	}{
		{name: "index answers", archive: ours, says: "downloading kube-apiserver, etcd, kubectl 1.37.x"},
		{name: "forced", from: fromDownload, archive: ours, says: "downloading kube-apiserver, etcd, kubectl 1.37.x"},
		{name: "index hangs", archive: ours, hangOn: "/index.yaml", built: true, says: "did not answer within 200ms"},
		{name: "archive hangs", archive: ours, hangOn: "/archive.tar.gz", built: true, says: "took longer than 500ms"},
		{name: "other version", archive: strings.Replace(ours, "1.37", "1.36", 1), built: true, says: "index has no 1.37.x"},
		{name: "other platform", archive: "envtest-v1.37.1-plan9-arm.tar.gz", built: true, says: "index has no 1.37.x"},
		{name: "bad hash", archive: ours, badHash: true, built: true, says: "checksum mismatch"},
		{name: "bad hash, forced", from: fromDownload, archive: ours, badHash: true, fails: true, says: "checksum mismatch"},
		{name: "other version, forced", from: fromDownload, archive: "envtest-v1.36.0-linux-amd64.tar.gz", fails: true, says: "unable to find a version"},
		{name: "forced to build", from: fromBuild, archive: ours, built: true, says: "building kube-apiserver"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Chdir(seed.root)
			f := fixture{root: seed.root, cache: t.TempDir()}
			t.Setenv("ARGOSERVICE_CACHE", f.cache)
			if err := os.CopyFS(filepath.Join(f.cache, filepath.Base(setupDir)), os.DirFS(setupDir)); err != nil {
				t.Fatal(err)
			}
			server := newMirror(t, tc.archive, tc.badHash, tc.hangOn)
			t.Setenv("TOOLS_INDEX", server.URL+"/index.yaml")
			t.Setenv("TOOLS_FROM", tc.from)
			in, says := f.installer(t)
			in.indexTimeout, in.downloadTimeout = time.Minute, time.Minute
			switch tc.hangOn {
			case "/index.yaml":
				in.indexTimeout = 200 * time.Millisecond
			case "/archive.tar.gz":
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
				wantContains(t, err.Error(), tc.says, "TOOLS_FROM=download")
				if len(missingIn(kube.dir, assetNames())) != len(assetNames()) {
					t.Error("built although a download was forced")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantContains(t, says.String(), tc.says)
			dir, err := in.assetsDir(t.Context(), kube)
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
			again.index = server.URL + "/gone"
			if err := again.install(t.Context(), []string{"kube"}); err != nil {
				t.Errorf("the next run: %v", err)
			}
			if got := saysAgain.String(); strings.Count(got, "\n") != 1 {
				t.Errorf("the next run should find all there, said:\n%s", got)
			}
		})
	}
}

// newMirror serves an index with one archive of the three programs.
func newMirror(t *testing.T, name string, badHash bool, hangOn string) *httptest.Server {
	t.Helper()
	var archive bytes.Buffer
	zip := gzip.NewWriter(&archive)
	tarball := tar.NewWriter(zip)
	for _, program := range assetNames() {
		text := fmt.Sprintf("#!/bin/sh\necho %s of the archive\n", program)
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
	sum := fmt.Sprintf("%x", sha512.Sum512(archive.Bytes()))
	if badHash {
		sum = strings.Repeat("0", len(sum))
	}

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == hangOn {
			<-r.Context().Done()
			return
		}
		switch r.URL.Path {
		case "/index.yaml":
			version := strings.Split(name, "-")[1]
			_, _ = fmt.Fprintf(w, "releases:\n  %s:\n    %s:\n      hash: %s\n      selfLink: http://%s/archive.tar.gz\n", version, name, sum, r.Host)
		case "/archive.tar.gz":
			_, _ = w.Write(archive.Bytes())
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server
}
