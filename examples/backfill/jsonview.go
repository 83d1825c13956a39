package main

import (
	"io"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// jsonView writes each status as a line of JSON, for programs.
type jsonView struct{ out io.Writer }

func (v *jsonView) show(st *backfill.Status) error  { return writeJSON(v.out, st, nil) }
func (v *jsonView) close()                          {}
func (v *jsonView) conclude(*backfill.Status) error { return nil }
