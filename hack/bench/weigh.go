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
	if !b.size.peerWeights {
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
	return []report.Row{
		bytesRow(ours, argo, clientset, true), bytesRow(ours, api, apiclient, false),
		modulesRow(ours, argo, clientset, true), modulesRow(ours, api, apiclient, false),
	}, nil
}

func bytesRow(ours, theirs weight.Weight, peer string, limited bool) report.Row {
	r := report.Row{
		What: "stripped binary", Ours: megabytes(ours.Bytes), Peer: peer, Theirs: megabytes(theirs.Bytes),
		Ratio: float64(ours.Bytes) / float64(theirs.Bytes),
	}
	if limited {
		r.Limit, r.Missed = fmt.Sprintf("under %d MB", weight.MaxBytes/1_000_000), ours.Bytes >= weight.MaxBytes
	}
	return r
}

func modulesRow(ours, theirs weight.Weight, peer string, limited bool) report.Row {
	r := report.Row{
		What: "modules linked", Ours: strconv.Itoa(ours.Modules), Peer: peer, Theirs: strconv.Itoa(theirs.Modules),
		Ratio: float64(ours.Modules) / float64(theirs.Modules),
	}
	if limited {
		r.Limit, r.Missed = fmt.Sprintf("under %d", weight.MaxModules), ours.Modules >= weight.MaxModules
	}
	return r
}
