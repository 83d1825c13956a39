// Command record writes what a command has printed into the page that shows it, in place of what
// stands there between two lines
//
//	<!-- begin NAME: written by COMMAND -->
//	<!-- end NAME -->
//
// It reads the text from its standard input: go run ./hack/record PAGE NAME < text.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/marked"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: record PAGE NAME < text")
		os.Exit(2)
	}
	if err := record(os.Args[1], os.Args[2], os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func record(path, name string, in io.Reader) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	written, err := recorded(string(page), name, string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(written), 0o644)
}

// recorded is a page with the text of that name replaced.
func recorded(page, name, text string) (string, error) {
	text = strings.Trim(text, "\n")
	if text == "" {
		return "", fmt.Errorf("there is nothing to write for %s", name)
	}
	return marked.Replace(page, name, "\n"+text+"\n\n")
}
