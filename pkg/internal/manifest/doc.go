// Package manifest parses manifests of workflows in YAML or JSON.
//
// It guarantees that an error says what is wrong and in which line, and never shows a value. It does
// not know which fields a workflow may have.
package manifest
