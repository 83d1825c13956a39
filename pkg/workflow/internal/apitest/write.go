package apitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

func workflows() schema.GroupResource {
	return schema.GroupResource{Group: "argoproj.io", Resource: "workflows"}
}

var (
	errChanged = errors.New("the object has been modified")
	errOtherID = errors.New("Precondition failed: UID in precondition does not match")
)

// write answers a create, merge patch or delete of a workflow. The caller holds the lock.
func (s *Server) write(r *http.Request) (*http.Response, error) {
	body := map[string]any{}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	name := path.Base(r.URL.Path)
	var written *unstructured.Unstructured
	var err error
	switch r.Method {
	case http.MethodPost:
		written, err = s.create(body, r.URL.Query().Get("dryRun") != "")
	case http.MethodPatch:
		written, err = s.patch(name, body)
	case http.MethodDelete:
		written, err = s.delete(name, body)
	default:
		err = apierrors.NewMethodNotSupported(workflows(), r.Method)
	}
	if err != nil {
		return refusal(err)
	}
	if s.Lose != nil && s.Lose(r) {
		return nil, io.ErrUnexpectedEOF
	}
	return Answer(http.StatusOK, written.Object), nil
}

func (s *Server) create(fields map[string]any, dryRun bool) (*unstructured.Unstructured, error) {
	obj := &unstructured.Unstructured{Object: fields}
	name := obj.GetName()
	if s.objects[name] != nil {
		return nil, apierrors.NewAlreadyExists(workflows(), name)
	}
	if !dryRun {
		s.Version++
	}
	obj.SetUID(uidOf(name, s.Version))
	if !dryRun {
		s.store(nil, obj)
		s.wrote(http.MethodPost, obj)
	}
	return obj, nil
}

func (s *Server) patch(name string, patch map[string]any) (*unstructured.Unstructured, error) {
	before := s.objects[name]
	if before == nil {
		return nil, apierrors.NewNotFound(workflows(), name)
	}
	bound := unstructured.Unstructured{Object: patch}
	if v := bound.GetResourceVersion(); v != "" && v != before.GetResourceVersion() {
		return nil, apierrors.NewConflict(workflows(), name, errChanged)
	}
	if uid := bound.GetUID(); uid != "" && uid != before.GetUID() {
		return nil, apierrors.NewConflict(workflows(), name, errOtherID)
	}
	obj := before.DeepCopy()
	merge(obj.Object, patch)
	s.Version++
	s.store(before, obj)
	s.wrote(http.MethodPatch, obj)
	return obj, nil
}

// delete marks a workflow for deletion. It deletes one that is not deleted in the foreground and has
// no finalizer.
func (s *Server) delete(name string, body map[string]any) (*unstructured.Unstructured, error) {
	before := s.objects[name]
	if before == nil {
		return nil, apierrors.NewNotFound(workflows(), name)
	}
	if uid, _, _ := unstructured.NestedString(body, "preconditions", "uid"); uid != "" && uid != string(before.GetUID()) {
		return nil, apierrors.NewConflict(workflows(), name, errOtherID)
	}
	if dryRun, _, _ := unstructured.NestedSlice(body, "dryRun"); len(dryRun) > 0 {
		return before, nil
	}
	s.Version++
	s.wrote(http.MethodDelete, before)
	foreground := body["propagationPolicy"] == string(metav1.DeletePropagationForeground)
	if !foreground && len(before.GetFinalizers()) == 0 {
		delete(s.objects, name)
		s.record(change{kind: "DELETED", version: s.Version, before: before, current: before})
		return before, nil
	}
	obj := before.DeepCopy()
	if obj.GetDeletionTimestamp() == nil {
		obj.SetDeletionTimestamp(&metav1.Time{Time: time.Now()})
	}
	if foreground {
		obj.SetFinalizers(append(obj.GetFinalizers(), metav1.FinalizerDeleteDependents))
	}
	s.store(before, obj)
	return obj, nil
}

// wrote reports a write to the test.
func (s *Server) wrote(method string, obj *unstructured.Unstructured) {
	if s.Wrote != nil {
		s.Wrote(method, obj)
	}
}

// store keeps an object at the present version. before is nil for a new one.
func (s *Server) store(before, obj *unstructured.Unstructured) {
	kind := "MODIFIED"
	if before == nil {
		kind = "ADDED"
	}
	obj.SetResourceVersion(strconv.Itoa(s.Version))
	s.objects[obj.GetName()] = obj
	s.record(change{kind: kind, version: s.Version, before: before, current: obj})
}

// merge applies a JSON merge patch.
func merge(target, patch map[string]any) {
	for key, value := range patch {
		inner, isObject := value.(map[string]any)
		switch {
		case value == nil:
			delete(target, key)
		case isObject:
			old, wasObject := target[key].(map[string]any)
			if !wasObject {
				old = map[string]any{}
				target[key] = old
			}
			merge(old, inner)
		default:
			target[key] = value
		}
	}
}

// otherKinds returns the kinds of the other resources.
func otherKinds() map[string]string {
	return map[string]string{
		"pods": "Pod", "workflowtaskresults": "WorkflowTaskResult", "workflowtasksets": "WorkflowTaskSet",
	}
}

// listOthers lists the objects of another resource. The caller holds the lock.
func (s *Server) listOthers(resource string) (*http.Response, error) {
	version, kind := apiVersion, otherKinds()[resource]
	if resource == "pods" {
		version = "v1"
	}
	items := []any{}
	for _, name := range s.Others[resource] {
		items = append(items, map[string]any{"apiVersion": version, "kind": kind, "metadata": map[string]any{"name": name}})
	}
	return Answer(http.StatusOK, map[string]any{
		"apiVersion": version, "kind": kind + "List", "metadata": map[string]any{"resourceVersion": strconv.Itoa(s.Version)}, "items": items,
	}), nil
}

// uidOf returns the UID of an object that is created at a version.
func uidOf(name string, version int) types.UID { return types.UID(fmt.Sprint(name, "-", version)) }
