package apitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// In the place of these values, an object is sent with something that the API server has not
// checked, or that is nested as deep as it accepts.
const (
	BrokenValue = "@broken@"
	DeepValue   = "@deep@"
)

func spoil(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte(`"`+BrokenValue+`"`), []byte(`{]`))
	return bytes.ReplaceAll(text, []byte(`"`+DeepValue+`"`), []byte(Nested(10_000)))
}

// Nested returns an object that makes one of which it is a value of spec that deep.
func Nested(depth int) string {
	return strings.Repeat(`{"a":`, depth-2) + "1" + strings.Repeat("}", depth-2)
}

// list answers a list. The caller holds the lock.
func (s *Server) list(r *http.Request) (*http.Response, error) {
	query := r.URL.Query()
	field, _ := fields.ParseSelector(query.Get("fieldSelector"))
	label, _ := labels.Parse(query.Get("labelSelector"))
	last := query.Get("continue") // the last name of the page before
	limit, _ := strconv.Atoi(query.Get("limit"))
	objects := s.objects
	version := s.Version
	if query.Get("resourceVersionMatch") == string(metav1.ResourceVersionMatchExact) {
		version, _ = strconv.Atoi(query.Get("resourceVersion"))
		if version < s.oldest {
			return refusal(tooOld(version, s.oldest))
		}
		objects = s.objectsAt(version)
	}
	var items []any
	rest, end := 0, ""
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		obj := objects[name]
		if name <= last && last != "" || !label.Matches(labels.Set(obj.GetLabels())) || !field.Matches(fields.Set{"metadata.name": name}) {
			continue
		}
		if limit > 0 && len(items) == limit {
			rest++
			continue
		}
		items = append(items, obj.Object)
		end = name
	}
	meta := map[string]any{"resourceVersion": strconv.Itoa(version)}
	if rest > 0 {
		meta["continue"] = end
		if query.Get("labelSelector") == "" {
			meta["remainingItemCount"] = rest
		}
	}
	return Answer(http.StatusOK, map[string]any{"apiVersion": apiVersion, "kind": "WorkflowList", "metadata": meta, "items": items}), nil
}

func tooOld(version, oldest int) error {
	return apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", version, oldest))
}

func header() http.Header { return http.Header{"Content-Type": {"application/json"}} }

// Answer returns an answer with body as JSON.
func Answer(code int, body any) *http.Response {
	text, _ := json.Marshal(body) // of maps and a Status
	return &http.Response{StatusCode: code, Header: header(), Body: io.NopCloser(bytes.NewReader(spoil(text)))}
}

// refusal sends an error of the API server's as its answer. Any other one is that of the
// connection.
func refusal(err error) (*http.Response, error) {
	var refused apierrors.APIStatus
	if !errors.As(err, &refused) {
		return nil, err
	}
	s := refused.Status()
	s.Kind, s.APIVersion = "Status", "v1"
	return Answer(int(s.Code), s), nil
}

// review answers a SelfSubjectAccessReview. The caller holds the lock.
func (s *Server) review(r *http.Request) (*http.Response, error) {
	var asked struct {
		Spec struct {
			ResourceAttributes struct{ Verb, Resource, Name string } `json:"resourceAttributes"`
		} `json:"spec"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		return nil, err
	}
	attributes := asked.Spec.ResourceAttributes
	allowed := s.Denies == nil || !s.Denies(attributes.Verb, attributes.Resource, attributes.Name)
	return Answer(http.StatusCreated, map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "status": map[string]any{"allowed": allowed},
	}), nil
}
