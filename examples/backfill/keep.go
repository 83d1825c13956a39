package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

type archiveResult struct{ backfill.Archive }

func (r archiveResult) lines() ([]string, error) { return []string{r.String()}, nil }

func archive(ctx context.Context, c *command) (result, error) {
	a, err := c.backfill.Archive(ctx, backfill.ArchiveOptions{Dir: c.dir, File: c.file})
	if err != nil {
		return nil, err
	}
	return archiveResult{a}, nil
}

type restoredResult struct {
	Path string `json:"path"`
	// Documents is the number of documents written, without those that already existed.
	Documents int64 `json:"documents"`
}

func (r restoredResult) lines() ([]string, error) {
	return []string{fmt.Sprintf("%d documents of %s were restored", r.Documents, r.Path)}, nil
}

func restore(ctx context.Context, c *command) (result, error) {
	written, err := c.backfill.Restore(ctx, c.operands[0])
	if err != nil {
		return nil, err
	}
	return restoredResult{c.operands[0], written}, nil
}

// describedResult is a configuration, whose secrets mask themselves.
type describedResult struct{ backfill.Config }

// lines leaves out unset fields.
func (r describedResult) lines() ([]string, error) {
	text, err := json.Marshal(r.Config)
	if err != nil {
		return nil, err
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	if text, err = yaml.Marshal(onlySet(all)); err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), nil
}

func onlySet(all map[string]any) map[string]any {
	set := map[string]any{}
	for key, value := range all {
		if inner, ok := value.(map[string]any); ok {
			value = onlySet(inner)
		}
		if value != nil && value != "" && value != false {
			set[key] = value
		}
	}
	return set
}

func describe(_ context.Context, c *command) (result, error) {
	return describedResult{c.backfill.Describe()}, nil
}
