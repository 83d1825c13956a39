package opensearch

import (
	"bytes"
	"cmp"
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
	ends  []int // where each document ends in lines
	lines []byte
}

func (b *batch) fits(line []byte) bool {
	return len(b.ids) == 0 || len(b.ids) < batchCount && len(b.lines)+len(line) <= batchBytes
}

func (b *batch) add(id string, line []byte) {
	b.lines = append(b.lines, line...)
	b.ids = append(b.ids, id)
	b.ends = append(b.ends, len(b.lines))
}

func (b *batch) clear() { b.ids, b.ends, b.lines = b.ids[:0], b.ends[:0], b.lines[:0] }

// keep removes all documents except those with these indices, which must be sorted.
func (b *batch) keep(indices []int) {
	// The memory is reused: what is written never overtakes what is read.
	kept := batch{b.ids[:0], b.ends[:0], b.lines[:0]}
	start := 0
	for i, end := range b.ends {
		if len(indices) == 0 {
			break
		}
		if indices[0] == i {
			indices = indices[1:]
			kept.add(b.ids[i], b.lines[start:end])
		}
		start = end
	}
	*b = kept
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

// written is the result of a batch.
type written struct {
	created int64  // documents that did not exist before
	busy    []int  // the indices of documents that the cluster was too busy to write
	refused *Error // of the first of these
	failed  *Error // of the first document that was refused for another reason
}

// isBusy reports whether the cluster was too busy for something, so that it has not been done and may
// be requested again.
func (e *Error) isBusy() bool {
	return e.StatusCode == http.StatusTooManyRequests && !isBlock(e.StatusCode, e.Type)
}

// write sends a batch.
func (c *cluster) write(ctx context.Context, index string, b *batch) (written, error) {
	var answer struct {
		Items items `json:"items"`
	}
	bulk := call{method: http.MethodPost, path: "/" + index + "/_bulk", body: b.lines, lines: true, most: mostOfBulk}
	err := c.send(ctx, bulk, &answer)
	if err != nil {
		return written{}, err
	}
	if len(answer.Items) != len(b.ids) {
		return written{}, fmt.Errorf("the answer is about %d documents instead of %d", len(answer.Items), len(b.ids))
	}
	var result written
	for i, item := range answer.Items {
		switch {
		case item.Create == nil:
			return result, &Error{Document: b.ids[i], Err: errors.New("the answer doesn't say whether the document was written")}
		case item.Create.Status == http.StatusCreated:
			result.created++
		case item.Create.Status == http.StatusConflict:
			// It already exists.
		default:
			e := refused(item.Create.Status, item.Create.Error)
			e.Document = b.ids[i]
			if e.isBusy() {
				result.busy = append(result.busy, i)
				result.refused = cmp.Or(result.refused, e)
			} else {
				result.failed = cmp.Or(result.failed, e)
			}
		}
	}
	return result, nil
}
