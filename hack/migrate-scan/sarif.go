package main

import (
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// The parts of SARIF 2.1.0 that are used.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
		Help             sarifText `json:"help"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool                `json:"executionSuccessful"`
		Notifications       []sarifNotification `json:"toolExecutionNotifications"`
	}
	sarifNotification struct {
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifResult struct {
		RuleID     string          `json:"ruleId"`
		RuleIndex  int             `json:"ruleIndex"`
		Level      string          `json:"level"`
		Message    sarifText       `json:"message"`
		Locations  []sarifLocation `json:"locations"`
		Properties sarifProperties `json:"properties"`
	}
	sarifProperties struct {
		Old  string   `json:"old"`
		New  string   `json:"new"`
		Sure old.Sure `json:"sure"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
	}
)

// writeSARIF writes the report as SARIF 2.1.0. What was not looked at is among the notifications
// of the invocation.
func writeSARIF(out io.Writer, r *report) error {
	run := sarifRun{
		Tool:        sarifTool{Driver: sarifDriver{Name: "migrate-scan"}},
		Invocations: []sarifInvocation{{ExecutionSuccessful: true, Notifications: []sarifNotification{}}},
		ColumnKind:  "unicodeCodePoints",
		Results:     []sarifResult{},
	}
	index := map[string]int{}
	for i, rule := range old.Rules() {
		index[rule.ID] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules,
			sarifRule{ID: rule.ID, ShortDescription: sarifText{rule.Title + "."}, Help: sarifText{rule.Help}})
	}
	for _, f := range r.Findings {
		run.Results = append(run.Results, sarifResult{
			RuleID: f.Rule, RuleIndex: index[f.Rule], Level: sarifLevel(f.Sure), Message: sarifText{message(f)},
			Locations:  []sarifLocation{{sarifPhysical{sarifArtifact{fileURI(f.File)}, &sarifRegion{f.Line, f.Column}}}},
			Properties: sarifProperties{f.Old, f.New, f.Sure},
		})
	}
	for _, s := range r.Skipped {
		text := "not looked at: " + s.Reason
		if s.Partly {
			text = "looked at in part: " + s.Reason
		}
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{
			Level: "warning", Message: sarifText{text},
			Locations: []sarifLocation{{sarifPhysical{Artifact: sarifArtifact{fileURI(s.File)}}}},
		})
	}
	return encode(out, sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	})
}

func sarifLevel(s old.Sure) string {
	switch s {
	case old.Certain:
		return "error"
	case old.Likely:
		return "warning"
	}
	return "note"
}

func message(f finding) string {
	text := f.Old + ": "
	switch {
	case f.New == "":
		return text + f.Note + "."
	case f.Note == "":
		return text + "use " + f.New + "."
	}
	return text + "use " + f.New + " (" + f.Note + ")."
}

// fileURI is a path as a URI: relative as it is, absolute with its scheme.
func fileURI(file string) string {
	if path.IsAbs(file) {
		return (&url.URL{Scheme: "file", Path: file}).String()
	}
	if len(file) > 1 && file[1] == ':' { // a drive of Windows
		return (&url.URL{Scheme: "file", Path: "/" + file}).String()
	}
	return strings.TrimPrefix((&url.URL{Path: file}).String(), "./")
}
