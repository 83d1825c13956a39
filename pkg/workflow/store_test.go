package workflow

import (
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"slices"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// store is an API server that stores workflows and records the requests.
type store struct {
	t        *testing.T
	held     []*unstructured.Unstructured
	asked    []string // e.g. "list", "get w", "create w"
	accepts  []string // Accept headers of lists
	noLists  bool
	pageSize int
}

func (s *store) find(name string) *unstructured.Unstructured {
	at := slices.IndexFunc(s.held, func(wf *unstructured.Unstructured) bool { return wf.GetName() == name })
	if at < 0 {
		return nil
	}
	return s.held[at]
}

func (s *store) play(r *http.Request) (any, error) {
	workflows := schema.GroupResource{Group: naming.Group, Resource: "workflows"}
	name := path.Base(r.URL.Path)
	switch {
	case r.Method == http.MethodPost:
		wf := &unstructured.Unstructured{}
		if err := json.NewDecoder(r.Body).Decode(&wf.Object); err != nil {
			s.t.Error(err)
		}
		s.asked = append(s.asked, "create "+wf.GetName())
		if s.find(wf.GetName()) != nil {
			return nil, apierrors.NewAlreadyExists(workflows, wf.GetName())
		}
		if r.URL.Query().Get("dryRun") == "" {
			s.held = append(s.held, wf)
		}
		return wf.Object, nil
	case name == "workflows":
		s.asked = append(s.asked, "list")
		s.accepts = append(s.accepts, r.Header.Get("Accept"))
		if s.noLists {
			return nil, apierrors.NewForbidden(workflows, "", errors.New("no lists"))
		}
		return s.list(r)
	}
	s.asked = append(s.asked, "get "+name)
	if wf := s.find(name); wf != nil {
		return wf.Object, nil
	}
	return nil, apierrors.NewNotFound(workflows, name)
}

func (s *store) list(r *http.Request) (any, error) {
	selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		s.t.Error(err)
	}
	page := listOf("1")
	begun := r.URL.Query().Get("continue") == ""
	for _, wf := range s.held {
		switch {
		case !begun:
			begun = wf.GetName() == r.URL.Query().Get("continue")
		case selector.Matches(labels.Set(wf.GetLabels())):
			page.Items = append(page.Items, *wf)
		}
		if s.pageSize > 0 && len(page.Items) == s.pageSize {
			page.SetContinue(wf.GetName())
			break
		}
	}
	return page, nil
}

// copied returns a copy of a workflow as other clients make it, with its labels and annotations.
func copied(wf *unstructured.Unstructured, name string) *unstructured.Unstructured {
	again := wf.DeepCopy()
	again.SetName(name)
	return again
}
