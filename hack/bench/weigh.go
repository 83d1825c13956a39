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
	folder := filepath.Join(b.root, "hack", "bench", "weight")
	of := func(module, pkg, note string) (w weight.Weight, err error) {
		err = b.steps.During("building the smallest program with "+note, func() error {
			w, err = weight.Of(ctx, filepath.Join(folder, module), pkg)
			return err
		})
		return w, err
	}
	ours, err := of("argoservice", ".", "this library")
	if err != nil {
		return nil, err
	}
	if b.short {
		return nil, nil
	}
	argo, err := of("argo", "./clientset", clientset)
	if err != nil {
		return nil, err
	}
	api, err := of("argo", "./apiclient", apiclient+" (minutes the first time)")
	if err != nil {
		return nil, err
	}
	return weightRows(ours, argo, api), nil
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
