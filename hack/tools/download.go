package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	// archivesFile pins the archives that may be downloaded, as sha512sum writes it. What they are called
	// says for which version and platform they are.
	archivesFile = "envtest.sha512"
	// archivesURL is where they are; %s is the version.
	archivesURL = "https://github.com/kubernetes-sigs/controller-tools/releases/download/envtest-%s"
	// maxArchive is more than an archive has ever had, in bytes, packed or unpacked.
	maxArchive = 1 << 30
)

// archive is one that the checkout pins.
type archive struct{ name, version, sum string }

// pinned returns the archive for this platform with programs of a version's minor release. The
// patch release may be another, as archives are not made of each.
func (in *installer) pinned(version string) (archive, error) {
	text, err := os.ReadFile(filepath.Join(in.root, archivesFile))
	if err != nil {
		return archive{}, err
	}
	for line := range strings.Lines(string(text)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		parts := strings.Split(strings.TrimSuffix(name, ".tar.gz"), "-") // envtest-v1.37.0-linux-amd64
		if len(parts) != 4 || len(sum) != 2*sha512.Size {
			return archive{}, fmt.Errorf("%s has the line %q, which is not a checksum and an archive", archivesFile, line)
		}
		if minorOf(parts[1]) == minorOf(version) && parts[2] == runtime.GOOS && parts[3] == runtime.GOARCH {
			return archive{name: name, version: parts[1], sum: sum}, nil
		}
	}
	return archive{}, fmt.Errorf("%s pins no archive of %s for %s/%s", archivesFile, minorOf(version), runtime.GOOS, runtime.GOARCH)
}

// downloadDir is the folder for the programs of an archive.
func (in *installer) downloadDir(a archive) string {
	return filepath.Join(in.cache, "envtest-"+hash(a.name, a.sum))
}

// download gets the programs of the archive that is pinned for kube's version.
func (in *installer) download(ctx context.Context, kube toolset) (string, error) {
	a, err := in.pinned(kube.version)
	if err != nil {
		return "", err
	}
	dir := in.downloadDir(a)
	err = in.fill(ctx, dir, assetNames(), func(ctx context.Context, tmp string, _ []string) (string, error) {
		return tmp, in.fetch(ctx, a, tmp)
	})
	if err != nil {
		return "", err
	}
	return dir, nil
}

// fetch downloads an archive, checks it, and unpacks its programs to a folder. Unless a download is
// what the user insists on, it gives up early, so that a build can start instead.
func (in *installer) fetch(ctx context.Context, a archive, to string) error {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	if in.from != fromDownload {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, in.downloadTimeout,
			fmt.Errorf("the download took longer than %s", in.downloadTimeout))
		defer cancel()
		// Redirects included, each time.
		transport.ResponseHeaderTimeout = in.answerTimeout
		transport.TLSHandshakeTimeout = in.answerTimeout
	}
	req, err := in.request(ctx, a)
	if err != nil {
		return err
	}
	in.report.say("downloading %s (%s) from %s, only once", strings.Join(assetNames(), ", "), a.version, req.URL)
	start := time.Now()
	stop := in.report.beat(in.heartbeat, func(running time.Duration) string {
		return fmt.Sprintf("still downloading after %s", running)
	})
	file := filepath.Join(to, a.name)
	err = get(&http.Client{Transport: transport}, req, file)
	stop()
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return err
	}
	// Nothing of it is looked at before this.
	if err := a.check(file); err != nil {
		return err
	}
	in.report.say("downloaded them in %s", since(start))
	return unpack(file, to)
}

// request asks for an archive. Its URL can be shown: a user and password go by a header.
func (in *installer) request(ctx context.Context, a archive) (*http.Request, error) {
	from := in.mirror
	if from == "" {
		from = fmt.Sprintf(archivesURL, a.version)
	}
	folder, err := url.Parse(from)
	if err != nil || folder.RawQuery != "" { // neither is shown, since there can be a secret in it
		return nil, errors.New("TOOLS_MIRROR is not the URL of a folder: set it to one without a query, such as https://mirror.example/tools")
	}
	user := folder.User
	folder.User = nil
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, folder.JoinPath(a.name).String(), nil)
	if err == nil && user != nil {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
	}
	return req, err
}

// get writes the answer to a request to a file.
func get(client *http.Client, req *http.Request, file string) error {
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %q", req.URL, resp.Status)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(resp.Body, maxArchive+1))
	if n > maxArchive {
		err = fmt.Errorf("GET %s: more than %d bytes", req.URL, maxArchive)
	}
	return errors.Join(err, f.Close())
}

// check compares a file with the archive that is pinned.
func (a archive) check(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	h := sha512.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if sum := fmt.Sprintf("%x", h.Sum(nil)); sum != a.sum {
		return fmt.Errorf("what was downloaded as %s has the SHA-512 checksum %s, and not the one that %s pins", a.name, sum, archivesFile)
	}
	return nil
}

// unpack writes the programs of an archive to a folder, whatever folder they are in there.
func unpack(file, to string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	tarball := tar.NewReader(io.LimitReader(unzipped, maxArchive))
	for {
		header, err := tarball.Next()
		if errors.Is(err, io.EOF) {
			return os.Remove(file)
		}
		if err != nil {
			return err
		}
		name := path.Base(header.Name)
		if header.Typeflag != tar.TypeReg || !slices.Contains(assetNames(), name) {
			continue
		}
		out, err := os.OpenFile(filepath.Join(to, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, tarball)
		if err := errors.Join(err, out.Close()); err != nil {
			return err
		}
	}
}

// minorOf turns v1.37.2 into v1.37.
func minorOf(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}
