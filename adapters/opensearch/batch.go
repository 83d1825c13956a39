package opensearch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Limits for a batch. A larger document has a batch of its own.
const (
	batchBytes = 5 << 20
	batchCount = 1000
)

// batch is the body of a bulk request.
type batch struct {
	ids   []string
	lines bytes.Buffer
}

func (b *batch) fits(line []byte) bool {
	return len(b.ids) == 0 || len(b.ids) < batchCount && b.lines.Len()+len(line) <= batchBytes
}

func (b *batch) add(id string, line []byte) {
	b.ids = append(b.ids, id)
	b.lines.Write(line)
}

func (b *batch) clear() {
	b.ids = b.ids[:0]
	b.lines.Reset()
}

const mostIDBytes = 512 // the server's limit

// lineOf returns the two lines with which a bulk request creates a document.
func lineOf(d backfill.Document) ([]byte, error) {
	wrong := func(name, what string) error {
		return &Error{Document: d.ID, kind: workflow.ErrInvalid, Err: &workflow.InvalidError{Problems: field.ErrorList{
			field.Invalid(field.NewPath("document", name), field.OmitValueType{}, what)}}}
	}
	if d.ID == "" || len(d.ID) > mostIDBytes || !utf8.ValidString(d.ID) {
		return nil, wrong("id", fmt.Sprintf("must have 1 to %d bytes of UTF-8", mostIDBytes))
	}
	var line bytes.Buffer
	if err := json.NewEncoder(&line).Encode(object{"create": object{"_id": d.ID}}); err != nil {
		return nil, err
	}
	if err := json.Compact(&line, d.Source); err != nil || !bytes.HasPrefix(bytes.TrimSpace(d.Source), []byte("{")) {
		return nil, wrong("source", "must be a JSON object")
	}
	line.WriteByte('\n')
	return line.Bytes(), nil
}

// item is the result for a document.
type item struct {
	Create *struct {
		Status int          `json:"status"`
		Error  *serverError `json:"error"`
	} `json:"create"`
}

// write sends a batch, and returns how many of its documents did not exist before.
func (c *cluster) write(ctx context.Context, index string, b *batch) (int64, error) {
	var answer struct {
		Items items `json:"items"`
	}
	bulk := call{method: http.MethodPost, path: "/" + index + "/_bulk", body: b.lines.Bytes(), lines: true, most: mostOfBulk}
	err := c.send(ctx, bulk, &answer)
	if err != nil {
		return 0, err
	}
	if len(answer.Items) != len(b.ids) {
		return 0, fmt.Errorf("the answer is about %d documents instead of %d", len(answer.Items), len(b.ids))
	}
	var written int64
	var failed *Error
	for i, item := range answer.Items {
		switch {
		case item.Create == nil:
			return written, &Error{Document: b.ids[i], Err: errors.New("the answer doesn't say whether the document was written")}
		case item.Create.Status == http.StatusCreated:
			written++
		case item.Create.Status == http.StatusConflict:
			// It already exists.
		case failed == nil:
			failed = refused(item.Create.Status, item.Create.Error)
			failed.Document = b.ids[i]
		}
	}
	if failed != nil {
		return written, failed
	}
	return written, nil
}
