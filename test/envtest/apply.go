package envtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// fieldOwner is the field manager of applied objects.
const fieldOwner = client.FieldOwner("argoservice-envtest")

// ApplyFile applies the objects of a YAML file of one or more documents, in order, by server-side
// apply. Namespaced objects without a namespace are created in "default". A namespace that does not
// exist is created. ApplyFile blocks until each custom resource definition is served. It is
// idempotent. An error names the object that failed; the objects before it stay.
func (c *Cluster) ApplyFile(ctx context.Context, path string) error {
	return c.applyFile(ctx, path, metav1.NamespaceDefault)
}

// applyFile is ApplyFile with another default namespace.
func (c *Cluster) applyFile(ctx context.Context, path, namespace string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read objects: %w", err)
	}
	objects, err := decodeObjects(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	for _, o := range objects {
		if err := c.apply(ctx, o, namespace); err != nil {
			return fmt.Errorf("apply %s: %s %q: %w", path, o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

func (c *Cluster) apply(ctx context.Context, o *unstructured.Unstructured, namespace string) error {
	if err := defaultNamespace(c.client, o, namespace); err != nil {
		return err
	}
	if o.GetNamespace() != "" {
		if err := c.ensureNamespace(ctx, o.GetNamespace()); err != nil {
			return err
		}
	}
	err := c.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), fieldOwner, client.ForceOwnership)
	if err != nil {
		return err
	}
	if o.GetKind() == "CustomResourceDefinition" {
		return c.awaitServed(ctx, o)
	}
	return nil
}

// defaultNamespace sets the namespace of a namespaced object that has none. Like the API server, it
// removes that of any other object.
func defaultNamespace(c client.Client, o *unstructured.Unstructured, namespace string) error {
	namespaced, err := c.IsObjectNamespaced(o)
	switch {
	case err != nil:
		return err
	case !namespaced:
		o.SetNamespace("")
	case o.GetNamespace() == "":
		o.SetNamespace(namespace)
	}
	return nil
}

func (c *Cluster) ensureNamespace(ctx context.Context, name string) error {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := c.kube.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create namespace %s: %w", name, err)
	}
	return c.awaitDefaultAccount(ctx, name)
}

// awaitServed blocks until the API server serves all versions of the resource that a CRD defines, and its
// discovery, which follows a little later, lists them.
func (c *Cluster) awaitServed(ctx context.Context, crd *unstructured.Unstructured) error {
	// The API server has accepted the CRD, so it has these fields.
	group, _, _ := unstructured.NestedString(crd.Object, "spec", "group")
	plural, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "plural")
	versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
	for _, item := range versions {
		version, ok := item.(map[string]any)
		if !ok || version["served"] != true {
			continue
		}
		// The resource itself is requested, not the CRD's status: a full CRD has megabytes.
		path := fmt.Sprintf("/apis/%s/%s/%s", group, version["name"], plural)
		err := until(ctx, path+" is served", func(ctx context.Context) error {
			if err := c.kube.Discovery().RESTClient().Get().AbsPath(path).Param("limit", "1").Do(ctx).Error(); err != nil {
				return err
			}
			listed, err := c.kube.Discovery().ServerResourcesForGroupVersion(fmt.Sprintf("%s/%s", group, version["name"]))
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(listed.APIResources, func(r metav1.APIResource) bool { return r.Name == plural }) {
				return fmt.Errorf("discovery does not list %s", path)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// decodeObjects reads the objects of a YAML stream. It skips empty documents.
func decodeObjects(stream io.Reader) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(stream, 4096)
	for {
		var raw runtime.RawExtension
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		if len(raw.Raw) == 0 {
			continue
		}
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON(raw.Raw); err != nil {
			return nil, err
		}
		objects = append(objects, o)
	}
}
