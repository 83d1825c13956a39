// Command argotypes writes pkg/workflow/internal/spec/argotypes.go, the table of the types that
// Argo decodes a workflow into, from Argo's own Go types of 3.7 and 4.0. Run it in the checkout's root:
//
//	go run -C hack/argotypes .
package main

import (
	"fmt"
	"os"
)

// tableFile is relative to this folder.
const tableFile = "../../pkg/workflow/internal/spec/argotypes.go"

func main() {
	text, err := tableSource()
	if err == nil {
		err = os.WriteFile(tableFile, []byte(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
