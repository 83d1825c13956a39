package envtest

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Image is what a container image of one layer is made of.
type Image struct {
	// Files are the paths of files in the image, with those on this machine. Each can be executed.
	Files map[string]string
	// Links are paths in the image that are the same as other files there.
	Links map[string]string
	// User, Entrypoint and Ports are those of its configuration.
	User       string
	Entrypoint []string
	Ports      []string
}

// registry serves images as a registry does, for pulls only. A repository that it doesn't know has the
// image of the empty name, except for those that begin with missing. All tags of a repository are the
// same image.
type registry struct {
	dir     string
	address string

	mu     sync.Mutex
	images map[string]string // digests of manifests
}

const manifestType = "application/vnd.oci.image.manifest.v1+json"

// descriptor describes a part of an image.
type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

// startRegistry starts a registry that ends with the cluster.
func (c *Cluster) startRegistry() error {
	r := &registry{dir: c.path("images"), images: map[string]string{}}
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		return fmt.Errorf("create image folder: %w", err)
	}
	listener, err := net.Listen("tcp", loopback+":0") //nolint:noctx // it outlives the context of Start
	if err != nil {
		return fmt.Errorf("start registry: %w", err)
	}
	r.address = listener.Addr().String()
	server := &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	c.started("registry", func() error {
		err := server.Close()
		if end := <-served; !errors.Is(end, http.ErrServerClosed) {
			err = errors.Join(err, end)
		}
		return err
	})
	c.registry = r
	return nil
}

// AddImage makes an image that the node can pull, as any tag of the repository, such as
// registry.example/team/name; the registry's name doesn't count. An existing image is replaced.
//
// It has read the files when it returns, and is safe for concurrent use. It returns an error if a file can't
// be read, and if the cluster has no real node or belongs to another process.
func (c *Cluster) AddImage(repository string, image Image) error {
	if c.registry == nil {
		return errors.New("this cluster has no registry of images: start it in this process, with Options.Node")
	}
	_, name, _ := strings.Cut(repository, "/")
	digest, err := c.registry.add(image)
	if err != nil {
		return fmt.Errorf("make image %s: %w", repository, err)
	}
	c.registry.mu.Lock()
	defer c.registry.mu.Unlock()
	c.registry.images[name] = digest
	return nil
}

// add writes the parts of an image, and returns the digest of its manifest.
func (r *registry) add(image Image) (string, error) {
	layer, err := r.write("application/vnd.oci.image.layer.v1.tar", image.writeLayer)
	if err != nil {
		return "", err
	}
	ports := map[string]struct{}{}
	for _, port := range image.Ports {
		ports[port+"/tcp"] = struct{}{}
	}
	config, err := r.writeJSON("application/vnd.oci.image.config.v1+json", map[string]any{
		"os": "linux", "architecture": runtime.GOARCH,
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{layer.Digest}},
		"config": map[string]any{
			"User": image.User, "Entrypoint": image.Entrypoint, "ExposedPorts": ports, "Env": []string{"PATH=/bin"},
		},
	})
	if err != nil {
		return "", err
	}
	manifest, err := r.writeJSON(manifestType, map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": []descriptor{layer},
	})
	return manifest.Digest, err
}

func (r *registry) writeJSON(mediaType string, value any) (descriptor, error) {
	return r.write(mediaType, func(w io.Writer) error { return json.NewEncoder(w).Encode(value) })
}

// write writes a part of an image to the file that is named after its digest.
func (r *registry) write(mediaType string, write func(io.Writer) error) (descriptor, error) {
	file, err := os.CreateTemp(r.dir, "new-")
	if err != nil {
		return descriptor{}, err
	}
	sum := sha256.New()
	err = write(io.MultiWriter(file, sum))
	info, failed := file.Stat()
	if err := errors.Join(err, failed, file.Close()); err != nil {
		return descriptor{}, err
	}
	d := descriptor{MediaType: mediaType, Digest: fmt.Sprintf("sha256:%x", sum.Sum(nil)), Size: info.Size()}
	return d, os.Rename(file.Name(), path.Join(r.dir, d.Digest))
}

// writeLayer writes the files, and a folder for temporary ones.
func (i Image) writeLayer(w io.Writer) error {
	archive := tar.NewWriter(w)
	err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777})
	for target, source := range i.Files {
		if err == nil {
			err = addFile(archive, strings.TrimPrefix(target, "/"), source)
		}
	}
	for link, target := range i.Links {
		if err == nil {
			err = archive.WriteHeader(&tar.Header{
				Typeflag: tar.TypeLink, Name: strings.TrimPrefix(link, "/"), Linkname: strings.TrimPrefix(target, "/"), Mode: 0o755,
			})
		}
	}
	return errors.Join(err, archive.Close())
}

func addFile(archive *tar.Writer, name, source string) error {
	file, err := os.Open(source)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(archive, file)
	return err
}

// ServeHTTP implements [http.Handler].
func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	name, found := strings.CutPrefix(req.URL.Path, "/v2/")
	repository, reference := path.Split(name)
	repository, kind := path.Split(strings.TrimSuffix(repository, "/"))
	switch {
	case !found || name == "":
		return
	case kind == "manifests" && !strings.HasPrefix(reference, "sha256:"):
		reference = r.find(strings.TrimSuffix(repository, "/"))
	}
	if reference == "" {
		http.NotFound(w, req)
		return
	}
	w.Header().Set("Docker-Content-Digest", reference)
	w.Header().Set("Content-Type", "application/octet-stream")
	if kind == "manifests" {
		w.Header().Set("Content-Type", manifestType)
	}
	http.ServeFileFS(w, req, os.DirFS(r.dir), path.Base(reference))
}

// find returns the digest of a repository's manifest, or "" if there is none.
func (r *registry) find(repository string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if digest, known := r.images[repository]; known {
		return digest
	}
	if strings.HasPrefix(path.Base(repository), "missing") {
		return ""
	}
	return r.images[""]
}
