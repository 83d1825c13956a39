package backfill

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// apps is a client of Deployments, ReplicaSets and pods, and of what has the notes about them. It
// keeps to the API server's rules for selectors and versions, which client-go's fake doesn't, and to
// the role of backfills, by which a Deployment or ReplicaSet can be scaled and not patched. fail, if
// it isn't nil, is asked before each write, and away before each read.
type apps struct {
	dynamic.Interface
	dynamic.NamespaceableResourceInterface
	mu      *sync.Mutex
	objects *[]*unstructured.Unstructured
	fail    *func() error
	away    *func() error
	kind    string
}

func newApps(t *testing.T, text string) *apps {
	t.Helper()
	var all []map[string]any
	if err := yaml.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	objects := make([]*unstructured.Unstructured, len(all))
	for i, o := range all {
		objects[i] = &unstructured.Unstructured{}
		data, err := json.Marshal(o)
		if err := errors.Join(err, objects[i].UnmarshalJSON(data)); err != nil {
			t.Fatal(err)
		}
		objects[i].SetResourceVersion("1")
	}
	return &apps{mu: new(sync.Mutex), objects: &objects, fail: new(func() error), away: new(func() error)}
}

func (a *apps) Resource(resource schema.GroupVersionResource) dynamic.NamespaceableResourceInterface {
	kinds := map[string]string{
		"deployments": "Deployment", "replicasets": "ReplicaSet", "pods": "Pod", "configmaps": "ConfigMap", "workflows": "Workflow",
	}
	of := *a
	of.kind = kinds[resource.Resource]
	return &of
}

// add makes the first of these objects.
func (a *apps) add(objects *apps) {
	a.mu.Lock()
	defer a.mu.Unlock()
	*a.objects = append(*a.objects, (*objects.objects)[0])
}

func (a *apps) Namespace(string) dynamic.ResourceInterface { return a }

func (a *apps) List(_ context.Context, opts metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	selector, err := labels.Parse(opts.LabelSelector)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.unread(); err != nil {
		return nil, err
	}
	list := &unstructured.UnstructuredList{}
	for _, o := range *a.objects {
		if o.GetKind() == a.kind && selector.Matches(labels.Set(o.GetLabels())) {
			list.Items = append(list.Items, *o.DeepCopy())
		}
	}
	return list, nil
}

func (a *apps) Get(_ context.Context, name string, _ metav1.GetOptions, _ ...string) (*unstructured.Unstructured, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.unread(); err != nil {
		return nil, err
	}
	o, err := a.find(name)
	if err != nil {
		return nil, err
	}
	return o.DeepCopy(), nil
}

// Create makes a ConfigMap. Other than that it is for reviews of permissions, all of which it grants.
func (a *apps) Create(
	_ context.Context, o *unstructured.Unstructured, _ metav1.CreateOptions, _ ...string,
) (*unstructured.Unstructured, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kind != "ConfigMap" {
		if err := a.unread(); err != nil {
			return nil, err
		}
		return o, unstructured.SetNestedField(o.Object, true, "status", "allowed")
	}
	if err := a.unwritten(); err != nil {
		return nil, err
	}
	if _, err := a.find(o.GetName()); err == nil {
		return nil, apierrors.NewAlreadyExists(schema.GroupResource{Resource: "configmaps"}, o.GetName())
	}
	o = o.DeepCopy()
	o.SetResourceVersion("1")
	*a.objects = append(*a.objects, o)
	return o.DeepCopy(), nil
}

// unwritten is why nothing can be written. It is called with the lock held.
func (a *apps) unwritten() error {
	if *a.fail == nil {
		return nil
	}
	return (*a.fail)()
}

// unread is why nothing can be read. It is called with the lock held.
func (a *apps) unread() error {
	if *a.away == nil {
		return nil
	}
	return (*a.away)()
}

// find is called with the lock held.
func (a *apps) find(name string) (*unstructured.Unstructured, error) {
	for _, o := range *a.objects {
		if o.GetKind() == a.kind && o.GetName() == name {
			return o, nil
		}
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Resource: a.kind}, name)
}

func (a *apps) Patch(
	_ context.Context, name string, kind types.PatchType, data []byte, _ metav1.PatchOptions, sub ...string,
) (*unstructured.Unstructured, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.unwritten(); err != nil {
		return nil, err
	}
	if scaled := a.kind == "Deployment" || a.kind == "ReplicaSet"; scaled != slices.Equal(sub, []string{"scale"}) {
		return nil, apierrors.NewForbidden(schema.GroupResource{Resource: a.kind}, name, errors.New("the role has scale only"))
	}
	o, err := a.find(name)
	if err != nil {
		return nil, err
	}
	was := o.GetResourceVersion()
	if kind == types.JSONPatchType {
		changed := o.DeepCopy()
		if err := jsonPatch(changed.Object, data); err != nil {
			return nil, err
		}
		o.Object = changed.Object
	} else {
		var patch map[string]any
		if err := json.Unmarshal(data, &patch); err != nil {
			return nil, err
		}
		if version, given, _ := unstructured.NestedString(patch, "metadata", "resourceVersion"); given && version != was {
			return nil, apierrors.NewConflict(schema.GroupResource{Resource: a.kind}, name, errors.New("it has changed"))
		}
		mergePatch(o.Object, patch)
	}
	next, err := strconv.Atoi(was)
	o.SetResourceVersion(strconv.Itoa(next + 1))
	return o.DeepCopy(), err
}

// jsonPatch applies a JSON Patch that tests, adds and removes members of maps, and fails as the API
// server does.
func jsonPatch(object map[string]any, data []byte) error {
	var patch []operation
	if err := json.Unmarshal(data, &patch); err != nil {
		return err
	}
	refused := apierrors.NewGenericServerResponse(422, "", schema.GroupResource{}, "", "", 0, false)
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for _, op := range patch {
		keys := strings.Split(op.Path, "/")[1:]
		within := object
		for _, key := range keys[:len(keys)-1] {
			inner, ok := within[unescape.Replace(key)].(map[string]any)
			if !ok {
				return refused
			}
			within = inner
		}
		last := unescape.Replace(keys[len(keys)-1])
		is, there := within[last]
		switch {
		case op.Op == "test" && !reflect.DeepEqual(is, op.Value), op.Op == "remove" && !there:
			return refused
		case op.Op == "add":
			within[last] = op.Value
		case op.Op == "remove":
			delete(within, last)
		}
	}
	return nil
}

func mergePatch(object, patch map[string]any) {
	for key, value := range patch {
		switch v := value.(type) {
		case nil:
			delete(object, key)
		case map[string]any:
			inner, ok := object[key].(map[string]any)
			if !ok {
				inner = map[string]any{}
				object[key] = inner
			}
			mergePatch(inner, v)
		case float64:
			object[key] = int64(v)
		default:
			object[key] = v
		}
	}
}
