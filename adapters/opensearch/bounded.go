package opensearch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Limits for the size of an answer. Answers are not decompressed: the client requests none that are
// compressed, and one that is nevertheless could be of any size.
const (
	mostOfAnswer = 256 << 10 // counts, and results of changes
	mostOfPage   = 32 << 20  // a page of documents, of which there are two
	mostOfBulk   = 4 << 20   // results for the documents of a batch
)

// readAnswer reads the body of an answer, up to a limit.
func readAnswer(response *http.Response, most int64) ([]byte, error) {
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, &Error{Err: fmt.Errorf("the answer is compressed, which was not requested")}
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	if err == nil && int64(len(body)) > most {
		return nil, &Error{Err: fmt.Errorf("the answer is larger than %d bytes", most)}
	}
	return body, err
}

// Lists in answers have no more elements than were requested: an element takes many times the
// memory of its JSON.
type (
	responses []searchAnswer
	hits      []hit
	items     []item
)

func (r *responses) UnmarshalJSON(data []byte) (err error) {
	*r, err = boundedList[searchAnswer](data, searches)
	return err
}

func (h *hits) UnmarshalJSON(data []byte) (err error) {
	*h, err = boundedList[hit](data, pageSize)
	return err
}

func (i *items) UnmarshalJSON(data []byte) (err error) {
	*i, err = boundedList[item](data, batchCount)
	return err
}

func boundedList[T any](data []byte, most int) ([]T, error) {
	var list []T
	decoder := json.NewDecoder(bytes.NewReader(data))
	opening, err := decoder.Token()
	if err != nil || opening == nil { // null
		return nil, err
	}
	if opening != json.Delim('[') {
		return nil, fmt.Errorf("expected a list instead of %s", kindOfJSON(opening))
	}
	for decoder.More() {
		if len(list) == most {
			return nil, fmt.Errorf("a list has more than the %d requested elements", most)
		}
		var element T
		if err := decoder.Decode(&element); err != nil {
			return nil, err
		}
		list = append(list, element)
	}
	return list, nil
}

func kindOfJSON(token json.Token) string {
	if _, isObject := token.(json.Delim); isObject {
		return "an object"
	}
	return "a value"
}
