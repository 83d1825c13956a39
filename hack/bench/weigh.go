package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/weight"
)

// measureWeight builds the smallest program that starts a workflow and waits for its end
// with each client, or with this library alone.
func (b bench) measureWeight(ctx context.Context) ([]report.Row, error) {
	var weights []weight.Weight
	for _, program := range []struct{ module, pkg, note string }{
		{"argoservice", ".", "this library"},
		{"argo", "./clientset", clientset},
		{"argo", "./apiclient", apiclient + " (minutes the first time)"},
	} {
		err := b.steps.During("building the smallest program with "+program.note, func() error {
			w, err := weight.Of(ctx, filepath.Join(b.root, "hack", "bench", "weight", program.module), program.pkg)
			weights = append(weights, w)
			return err
		})
		if err != nil || b.short {
			return nil, err
		}
	}
	return weightRows(weights[0], weights[1], weights[2]), nil
}

// weightRows compares the programs. The limits are for ours, so one row of each kind has one.
func weightRows(ours, argo, api weight.Weight) []report.Row {
	bytes := func(peer string, theirs weight.Weight) report.Row {
		return bytesRow("stripped binary", ours.Bytes, peer, theirs.Bytes, 0)
	}
	modules := func(peer string, theirs weight.Weight) report.Row {
		ratio := float64(ours.Modules) / float64(theirs.Modules)
		return report.RatioRow("modules linked", strconv.Itoa(ours.Modules), peer, strconv.Itoa(theirs.Modules), ratio, 0)
	}
	rows := []report.Row{bytes(clientset, argo), bytes(apiclient, api), modules(clientset, argo), modules(apiclient, api)}
	rows[0].Limit, rows[0].Missed = fmt.Sprintf("under %d MB", weight.MaxBytes/1_000_000), ours.Bytes >= weight.MaxBytes
	rows[2].Limit, rows[2].Missed = fmt.Sprintf("under %d", weight.MaxModules), ours.Modules >= weight.MaxModules
	return rows
}
