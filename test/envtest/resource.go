package envtest

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// resourceAction is the action of one resource template.
type resourceAction struct {
	client    client.Client
	namespace string // of the pod; the default of objects
	spec      *resourceSpec
	flags     resourceFlags

	// repeat calls a function until it is done.
	repeat func(func(context.Context) (bool, error)) error
}

// performResource performs a resource template as the pod's service account, so that permissions
// apply, and returns the output parameters.
func (e *executor) performResource(ctx context.Context, pod *corev1.Pod, t *podTemplate) ([]any, error) {
	if err := checkTemplate(t); err != nil {
		return nil, err
	}
	flags, err := parseFlags(t.Resource.Action, t.Resource.Flags)
	if err != nil {
		return nil, err
	}
	condition, err := parseConditions(t.Resource)
	if err != nil {
		return nil, err
	}
	account, err := e.account(pod)
	if err != nil {
		return nil, err
	}
	a := &resourceAction{
		client: account, namespace: pod.Namespace, spec: t.Resource, flags: flags,
		repeat: func(do func(context.Context) (bool, error)) error { return e.repeat(ctx, pod, do) },
	}
	object, err := a.perform()
	if err != nil {
		return nil, err
	}
	if err := a.await(object, condition); err != nil {
		return nil, err
	}
	return fillOutputs(t.Outputs.Parameters, object)
}

// perform performs the action, and returns the object that conditions and outputs refer to, or nil
// if there is none.
func (a *resourceAction) perform() (*unstructured.Unstructured, error) {
	objects, err := a.objects()
	if err != nil {
		return nil, err
	}
	var last *unstructured.Unstructured
	for _, o := range objects {
		found := true
		err := a.repeat(func(ctx context.Context) (bool, error) {
			err := a.act(ctx, o)
			if a.flags.ignoreNotFound && apierrors.IsNotFound(err) {
				found, err = false, nil
			}
			return err == nil, err
		})
		if err != nil {
			return nil, asKubectl(err)
		}
		if found {
			last = o
		}
	}
	switch {
	case a.spec.Action == "delete":
		return nil, a.awaitGone(objects)
	case len(objects) > 1:
		return nil, fmt.Errorf("%s of %d objects was done, but Argo's executor fails then: "+
			"it reads the answer as one object", a.spec.Action, len(objects))
	case last == nil && (a.spec.SuccessCondition != "" || a.spec.FailureCondition != ""):
		return nil, errors.New("there is no object that the conditions could be about")
	}
	return last, nil
}

// objects returns the objects of the action, with their namespaces.
func (a *resourceAction) objects() ([]*unstructured.Unstructured, error) {
	objects, err := manifestObjects(a.spec)
	if err != nil {
		return nil, err
	}
	switch {
	case len(objects) > 0 && len(a.flags.target) > 0:
		return nil, errors.New("the flags name an object, and the manifest another one")
	case len(a.flags.target) > 0:
		resource, name := schema.ParseGroupResource(a.flags.target[0]), a.flags.target[1]
		kind, err := a.client.RESTMapper().KindFor(resource.WithVersion(""))
		if err != nil {
			return nil, err
		}
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(kind)
		object.SetName(name)
		objects = append(objects, object)
	case len(objects) == 0:
		return nil, errors.New("neither the manifest nor the flags name an object")
	}
	for _, o := range objects {
		if err := defaultNamespace(a.client, o, a.namespace); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// act performs the action on one object, and replaces it by the API server's response.
func (a *resourceAction) act(ctx context.Context, o *unstructured.Unstructured) error {
	switch a.spec.Action {
	case "create":
		return a.client.Create(ctx, o)
	case "apply":
		return a.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), fieldOwner, client.ForceOwnership)
	case "patch":
		kind, patch, err := patchOf(a.spec)
		if err != nil {
			return err
		}
		return a.client.Patch(ctx, o, client.RawPatch(kind, patch))
	case "delete":
		// The UID distinguishes a deleted object from a recreated one later.
		if err := a.get(ctx, o); err != nil {
			return err
		}
		return a.client.Delete(ctx, o, client.PropagationPolicy(a.flags.cascade))
	default:
		return a.get(ctx, o)
	}
}

func (a *resourceAction) get(ctx context.Context, o *unstructured.Unstructured) error {
	return a.client.Get(ctx, client.ObjectKeyFromObject(o), o)
}

// await blocks until an object meets a condition, and replaces it by the object that did. Without a
// condition, there may be no object.
func (a *resourceAction) await(object *unstructured.Unstructured, condition conditions) error {
	if condition.success.Empty() && len(condition.failure) == 0 {
		return nil
	}
	return a.repeat(func(ctx context.Context) (bool, error) {
		err := a.get(ctx, object)
		switch {
		case apierrors.IsNotFound(err):
			return false, fmt.Errorf("The resource has been deleted while its status was still being checked. "+
				"Will not be retried: %w", err)
		case err != nil:
			return false, err
		}
		return condition.check(object.Object)
	})
}

// awaitGone blocks until deleted objects no longer exist, if the flags ask for that.
func (a *resourceAction) awaitGone(objects []*unstructured.Unstructured) error {
	if !a.flags.wait {
		return nil
	}
	for _, o := range objects {
		if o.GetUID() == "" { // it did not exist
			continue
		}
		now := o.DeepCopy()
		err := a.repeat(func(ctx context.Context) (bool, error) {
			err := a.get(ctx, now)
			if apierrors.IsNotFound(err) {
				return true, nil
			}
			return err == nil && now.GetUID() != o.GetUID(), err
		})
		if err != nil {
			return asKubectl(err)
		}
	}
	return nil
}

// asKubectl rewords an API server's error as kubectl and Argo's executor do, because
// retryStrategy.expression can examine the text.
func asKubectl(err error) error {
	if status := apierrors.APIStatus(nil); errors.As(err, &status) {
		return fmt.Errorf("no more retries Error from server (%s): %w", status.Status().Reason, err)
	}
	return err
}
