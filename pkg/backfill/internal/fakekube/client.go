package fakekube

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// client is a client of one kind of objects, in all namespaces. Methods that are not implemented
// panic.
type client struct {
	dynamic.NamespaceableResourceInterface
	cluster *Cluster
	around  Around
	kind    string // "" for a review of permissions
}

func (c *client) Resource(resource schema.GroupVersionResource) dynamic.NamespaceableResourceInterface {
	kinds := map[string]string{
		"deployments": "Deployment", "replicasets": "ReplicaSet", "pods": "Pod", "configmaps": "ConfigMap", "workflows": "Workflow",
	}
	return &client{cluster: c.cluster, around: c.around, kind: kinds[resource.Resource]}
}

func (c *client) Namespace(string) dynamic.ResourceInterface { return c }

// do makes a request with the cluster's lock held.
func do[T any](c *client, write bool, request func() (T, error)) (answer T, err error) {
	err = c.around(write, func() error {
		c.cluster.mu.Lock()
		defer c.cluster.mu.Unlock()
		var err error
		answer, err = request()
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return answer, nil
}

func (c *client) List(_ context.Context, opts metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	selector, err := labels.Parse(opts.LabelSelector)
	if err != nil {
		return nil, err
	}
	return do(c, false, func() (*unstructured.UnstructuredList, error) {
		list := &unstructured.UnstructuredList{}
		for _, o := range c.cluster.objects {
			if o.GetKind() == c.kind && selector.Matches(labels.Set(o.GetLabels())) {
				list.Items = append(list.Items, *o.DeepCopy())
			}
		}
		return list, nil
	})
}

func (c *client) Get(_ context.Context, name string, _ metav1.GetOptions, _ ...string) (*unstructured.Unstructured, error) {
	return do(c, false, func() (*unstructured.Unstructured, error) {
		o := c.cluster.find(c.kind, name)
		if o == nil {
			return nil, c.notFound(name)
		}
		return o.DeepCopy(), nil
	})
}

func (c *client) notFound(name string) error {
	return apierrors.NewNotFound(schema.GroupResource{Resource: c.kind}, name)
}

// Create creates a ConfigMap, or reviews a permission, which is not a write.
func (c *client) Create(
	_ context.Context, o *unstructured.Unstructured, _ metav1.CreateOptions, _ ...string,
) (*unstructured.Unstructured, error) {
	if c.kind != "ConfigMap" {
		return do(c, false, func() (*unstructured.Unstructured, error) {
			return o, unstructured.SetNestedField(o.Object, true, "status", "allowed")
		})
	}
	return do(c, true, func() (*unstructured.Unstructured, error) {
		if c.cluster.find(c.kind, o.GetName()) != nil {
			return nil, apierrors.NewAlreadyExists(schema.GroupResource{Resource: "configmaps"}, o.GetName())
		}
		created := o.DeepCopy()
		created.SetResourceVersion("1")
		c.cluster.objects = append(c.cluster.objects, created)
		return created.DeepCopy(), nil
	})
}

func (c *client) Patch( //nolint:revive // the signature is client-go's
	_ context.Context, name string, kind types.PatchType, data []byte, _ metav1.PatchOptions, sub ...string,
) (*unstructured.Unstructured, error) {
	return do(c, true, func() (*unstructured.Unstructured, error) {
		resource := schema.GroupResource{Resource: c.kind}
		if scaled := c.kind == "Deployment" || c.kind == "ReplicaSet"; scaled != slices.Equal(sub, []string{"scale"}) {
			return nil, apierrors.NewForbidden(resource, name, errors.New("the role allows scale only"))
		}
		o := c.cluster.find(c.kind, name)
		if o == nil {
			return nil, c.notFound(name)
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
				return nil, apierrors.NewConflict(resource, name, errors.New("it has changed"))
			}
			mergePatch(o.Object, patch)
		}
		version, err := strconv.Atoi(was)
		o.SetResourceVersion(strconv.Itoa(version + 1))
		return o.DeepCopy(), err
	})
}

// jsonPatch applies a JSON Patch that tests, adds and removes members of maps. It fails as the API
// server does.
func jsonPatch(object map[string]any, data []byte) error {
	var patch []struct {
		Op, Path string
		Value    any
	}
	if err := json.Unmarshal(data, &patch); err != nil {
		return err
	}
	refused := apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", "", 0, false)
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for _, op := range patch {
		keys := strings.Split(op.Path, "/")[1:]
		parent := object
		for _, key := range keys[:len(keys)-1] {
			inner, ok := parent[unescape.Replace(key)].(map[string]any)
			if !ok {
				return refused
			}
			parent = inner
		}
		last := unescape.Replace(keys[len(keys)-1])
		present, exists := parent[last]
		switch {
		case op.Op == "test" && !reflect.DeepEqual(present, op.Value), op.Op == "remove" && !exists:
			return refused
		case op.Op == "add":
			parent[last] = op.Value
		case op.Op == "remove":
			delete(parent, last)
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
