// Command rbac writes the roles in this folder, the one of examples/service, and the tables of permissions
// in docs, from what the packages say that their operations need. Run it in the checkout's root:
//
//	go run ./hack/rbac
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/marked"
)

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// write brings the files of the checkout up to date.
func write() error {
	files, err := generate(".")
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(f.name, []byte(f.text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// file is one that is generated, or has a part that is. Its name is relative to the checkout's root.
type file struct{ name, text string }

// generate returns the files as they have to be.
func generate(root string) ([]file, error) {
	var files []file
	for _, r := range roles() {
		files = append(files, file{r.file, manifest(r)})
	}
	for _, d := range documents() {
		data, err := os.ReadFile(filepath.Join(root, d.file))
		if err != nil {
			return nil, err
		}
		text := string(data)
		for _, t := range d.tables {
			if text, err = marked.Replace(text, t.mark, markdown(t)); err != nil {
				return nil, fmt.Errorf("%s: %w", d.file, err)
			}
		}
		files = append(files, file{d.file, text})
	}
	return files, nil
}
