package legacy

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// oneTemplate has one template and records the arguments of lists.
type oneTemplate struct{ lists []string }

func (o *oneTemplate) ExecuteCommand(_ context.Context, cmd Command) (CommandOutput, error) {
	if raw := cmd.Args[1]; strings.Contains(raw, "workflowtemplates?") {
		o.lists = append(o.lists, strings.TrimPrefix(raw, "--raw="))
		return CommandOutput{Stdout: `{"apiVersion":"argoproj.io/v1alpha1","kind":"WorkflowTemplateList","metadata":{},"items":[` +
			`{"apiVersion":"argoproj.io/v1alpha1","kind":"WorkflowTemplate","metadata":{"name":"reindex"},"spec":{}}]}`}, nil
	}
	return CommandOutput{Stderr: `Error from server (NotFound): workflowtemplates.argoproj.io "reindxe" not found`, ReturnCode: 1}, nil
}

// kubectl always prints whole objects, so pages are smaller.
func TestNamesOfTemplates(t *testing.T) {
	o := &oneTemplate{}
	_, err := kubectl(t, o).Start(t.Context(), workflow.StartRequest{Template: "reindxe"})
	if !errors.Is(err, workflow.ErrTemplateNotFound) || !strings.Contains(err.Error(), `did you mean "reindex"?`) || len(o.lists) != 1 {
		t.Fatalf("%v, %v", err, o.lists)
	}
	uri, err := url.Parse(o.lists[0])
	if err != nil {
		t.Fatal(err)
	}
	if limit, err := strconv.Atoi(uri.Query().Get("limit")); err != nil || limit < 1 || limit > 50 {
		t.Errorf("%s", uri)
	}
}
