package main

import (
	"fmt"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
)

// The peers' names.
const (
	clientset     = "Argo's typed clientset"
	apiclient     = "Argo's apiclient"
	rawGet        = "raw HTTP GET, body read"
	rawDecodedGet = "raw HTTP GET, JSON decoded"
	rawPost       = "raw HTTP POST, body read"
	kubectlGet    = "`kubectl get -o json`"
	kubectlCreate = "`kubectl create -f`"
)

// raceRow compares two peers of a race.
func raceRow(what string, medians map[string]time.Duration, ours, peer string, limit float64) report.Row {
	return timeRow(what, medians[ours], peer, medians[peer], limit)
}

func timeRow(what string, ours time.Duration, peer string, theirs time.Duration, limit float64) report.Row {
	text := func(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond)) }
	return report.RatioRow(what, text(ours), peer, text(theirs), float64(ours)/float64(theirs), limit)
}

func bytesRow(what string, ours int64, peer string, theirs int64, limit float64) report.Row {
	text := func(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
	return report.RatioRow(what, text(ours), peer, text(theirs), float64(ours)/float64(theirs), limit)
}
