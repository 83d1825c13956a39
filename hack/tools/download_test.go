package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
)

// A mirror's user and password go to the mirror, and are not printed.
func TestDownload(t *testing.T) {
	ours := fmt.Sprintf("/envtest-v1.37.1-%s-%s.tar.gz", runtime.GOOS, runtime.GOARCH)
	pinned, another := newArchive(t, "pinned"), newArchive(t, "another")
	downloaded := []string{"envtest/etcd", "envtest/kube-apiserver", "envtest/kubectl", "kube/kube-controller-manager"}
	built := []string{"kube/etcd", "kube/kube-apiserver", "kube/kube-controller-manager", "kube/kubectl"}
	for name, tc := range map[string]struct {
		from    string
		mirror  string // TOOLS_MIRROR, with MIRROR for the server, which asks for a password; "": it does not
		version string // that is pinned; v1.37.1 by default
		serves  string // "another" archive, "none", or without end "nothing" or "a byte" of one
		says    string
		want    []string // nil: it fails
	}{
		"mirror answers":        {want: downloaded, says: "downloading etcd kube-apiserver kubectl (envtest-v1.37.1-"},
		"forced":                {from: "download", want: downloaded, says: "downloading"},
		"forced to build":       {from: "build", want: built, says: "building etcd"},
		"no answer":             {serves: "nothing", want: built, says: "no download"},
		"an answer without end": {serves: "a byte", want: built, says: "no download"},
		"password":              {mirror: "http://robot:hunter2%22%5C@MIRROR", want: downloaded, says: "all there"},
		"a token":               {from: "download", mirror: "http://hunter2@MIRROR", says: "401"},
		"another password":      {from: "download", mirror: "http://robot:wrong-hunter2@MIRROR", says: "401"},
		"another server":        {from: "download", mirror: "http://robot:hunter2@127.0.0.1:1/", says: "connect"},
		"not a URL":             {from: "download", mirror: "http://robot:hunter2@127.0.0.1:no-port/", says: "curl"},
		"a query": {
			from: "download", mirror: "http://MIRROR/?token=hunter2", says: "TOOLS_MIRROR is not the URL of a folder",
		},
		"no archive":            {serves: "none", want: built, says: "404"},
		"no archive, forced":    {from: "download", serves: "none", says: "unset it to build instead"},
		"other version":         {version: "v1.36.1", want: built, says: "pins no archive of v1.37"},
		"other version, forced": {from: "download", version: "v1.36.1", says: "pins no archive of v1.37"},
		"tampered with":         {serves: "another", want: built, says: "has not the SHA-512 checksum that envtest.sha512 pins"},
		"tampered with, forced": {from: "download", serves: "another", says: "has not the SHA-512 checksum that envtest.sha512 pins"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			c.pin(t, cmp.Or(tc.version, "v1.37.1"), pinned)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				user, password, _ := r.BasicAuth()
				switch {
				case tc.mirror != "" && (user != "robot" || password != `hunter2"\`):
					http.Error(w, "who are you?", http.StatusUnauthorized)
				case tc.serves == "none" || r.URL.Path != ours:
					http.NotFound(w, r)
				case tc.serves == "another":
					_, _ = w.Write(another)
				case tc.serves == "a byte":
					_, _ = w.Write(pinned[:1])
					w.(http.Flusher).Flush()
					<-r.Context().Done()
				case tc.serves == "nothing":
					<-r.Context().Done()
				default:
					_, _ = w.Write(pinned)
				}
			}))
			t.Cleanup(server.Close)
			mirror := strings.Replace(cmp.Or(tc.mirror, "http://MIRROR/"), "MIRROR", server.Listener.Addr().String(), 1)
			t.Setenv("TOOLS_MIRROR", mirror)
			t.Setenv("TOOLS_FROM", tc.from)
			t.Setenv("TOOLS_PATIENCE", "1")

			install := []string{"install", "etcd", "kube-apiserver", "kubectl", "kube-controller-manager"}
			out, code := c.run(t, install...)
			if (code == 0) != (tc.want != nil) {
				t.Fatalf("exit code %d: %s", code, out)
			}
			wantContains(t, out, tc.says)
			if strings.Contains(out, "hunter2") || strings.Contains(out, "robot") {
				t.Errorf("the password is printed: %s", out)
			}
			c.wantPrograms(t, tc.want...)
			if tc.want == nil {
				return
			}
			server.Close()
			if again := c.ok(t, install...); strings.Count(again, "\n") != 1 {
				t.Errorf("the next run should find all there, said:\n%s", again)
			}
			kubernetes := "v1.37.2"
			if tc.want[0] == "envtest/etcd" {
				kubernetes = "v1.37.1"
				wantOutput(t, "pinned etcd\n", "sh", "-c", `"$0"/envtest-*/etcd`, c.cache)
			}
			wantContains(t, c.ok(t, "versions"), "kubernetes "+kubernetes+"\n")
		})
	}
}

// newArchive is one in the form of those that are published.
func newArchive(t *testing.T, what string) []byte {
	t.Helper()
	programs := fstest.MapFS{}
	for _, name := range []string{"etcd", "kube-apiserver", "kubectl"} {
		script := "#!/bin/sh\necho " + what + " " + name + "\n"
		programs["controller-tools/envtest/"+name] = &fstest.MapFile{Data: []byte(script), Mode: 0o755}
	}
	var data bytes.Buffer
	zip := gzip.NewWriter(&data)
	tarball := tar.NewWriter(zip)
	must(t, tarball.AddFS(programs))
	must(t, tarball.Close())
	must(t, zip.Close())
	return data.Bytes()
}
