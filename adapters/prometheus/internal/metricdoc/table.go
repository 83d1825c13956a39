// Package metricdoc compares docs/metrics.md with the collectors. It is for tests.
package metricdoc

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Metric is a line of a table of metrics.
type Metric struct {
	Name, Type, Meaning string
	Labels              []string // sorted
}

// Values is a line of the table of labels.
type Values struct {
	Label  string
	Metric string // "" for all, or all others
	Values []string
}

// Metrics reads the table under a heading of the file, such as "## Client".
func Metrics(file, heading string) ([]Metric, error) {
	rows, err := tableUnder(file, heading, 5)
	if err != nil {
		return nil, err
	}
	metrics := make([]Metric, len(rows))
	for i, cells := range rows {
		metrics[i] = Metric{Name: strings.Trim(cells[0], "`"), Type: cells[1], Labels: quoted(cells[2]), Meaning: cells[4]}
		slices.Sort(metrics[i].Labels)
	}
	return metrics, nil
}

// Labels reads the table of labels.
func Labels(file string) ([]Values, error) {
	rows, err := tableUnder(file, "## Labels", 3)
	if err != nil {
		return nil, err
	}
	labels := make([]Values, len(rows))
	for i, cells := range rows {
		labels[i] = Values{Label: strings.Trim(cells[0], "`"), Values: quoted(cells[2])}
		if strings.HasPrefix(cells[1], "`") {
			labels[i].Metric = strings.Trim(cells[1], "`")
		}
	}
	return labels, nil
}

// quoted returns the words in backquotes.
func quoted(text string) []string {
	words := regexp.MustCompile("`[^`]+`").FindAllString(text, -1)
	for i := range words {
		words[i] = strings.Trim(words[i], "`")
	}
	return words
}

// tableUnder reads the rows of the first table under a heading, without the table's head.
func tableUnder(file, heading string, columns int) ([][]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	_, section, found := strings.Cut(string(text), "\n"+heading+"\n")
	if !found {
		return nil, fmt.Errorf("%s has no %q", file, heading)
	}
	var rows [][]string
	for line := range strings.Lines(section) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			if len(rows) > 0 || strings.HasPrefix(line, "## ") {
				break
			}
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != columns {
			return nil, fmt.Errorf("%s, %s: %d columns instead of %d: %s", file, heading, len(cells), columns, line)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	if len(rows) < 3 {
		return nil, fmt.Errorf("%s has no table under %q", file, heading)
	}
	return rows[2:], nil
}
