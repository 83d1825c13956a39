package backfill

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Permission is one that a role can give.
type Permission struct {
	Verb, Group, Resource, Subresource string // Group "": Kubernetes' own; Subresource "": the resource itself
}

// String is in the form in which the API server refuses it.
func (p Permission) String() string {
	resource := p.Resource
	if p.Group != "" {
		resource += "." + p.Group
	}
	if p.Subresource != "" {
		resource += "/" + p.Subresource
	}
	return p.Verb + " " + resource
}

// PermissionError lists the permissions that are missing. It matches [workflow.ErrForbidden].
type PermissionError struct {
	Namespace string // where they are missing
	Missing   []Permission
}

// Error implements error.
func (e *PermissionError) Error() string {
	missing := make([]string, len(e.Missing))
	for i, p := range e.Missing {
		missing[i] = p.String()
	}
	return fmt.Sprintf("not permitted in namespace %s: %s", e.Namespace, strings.Join(missing, ", "))
}

// Is makes it [workflow.ErrForbidden].
func (e *PermissionError) Is(target error) bool { return target == workflow.ErrForbidden }

func permissions(group, resource, subresource string, verbs ...string) []Permission {
	all := make([]Permission, len(verbs))
	for i, verb := range verbs {
		all[i] = Permission{Verb: verb, Group: group, Resource: resource, Subresource: subresource}
	}
	return all
}

// argoAccess is what all methods of a backfill by a workflow need together.
func argoAccess() []Permission {
	return slices.Concat(
		permissions("argoproj.io", "workflows", "", "create", "get", "list", "watch", "patch"),
		permissions("argoproj.io", "workflowtemplates", "", "get"), // or nothing is checked before a start
		permissions("apps", "deployments", "", "list", "patch"),
		permissions("apps", "deployments", "scale", "patch"),
		permissions("apps", "replicasets", "", "list", "patch"),
		permissions("apps", "replicasets", "scale", "patch"),
		permissions("", "pods", "", "list"),
	)
}

// deploymentAccess is what those of a backfill by a Deployment need.
func deploymentAccess() []Permission {
	return slices.Concat(
		permissions("apps", "deployments", "", "get", "patch"),
		permissions("apps", "deployments", "scale", "patch"),
		permissions("apps", "replicasets", "", "list"),
		permissions("", "pods", "", "list"),
	)
}

// checkAccess asks the API server which of these permissions the client has.
func checkAccess(ctx context.Context, client dynamic.Interface, namespace string, needed []Permission) error {
	reviews := client.Resource(schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "selfsubjectaccessreviews"})
	var missing []Permission
	for _, p := range needed {
		review := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
			"spec": map[string]any{"resourceAttributes": map[string]any{
				"namespace": namespace, "verb": p.Verb, "group": p.Group, "resource": p.Resource, "subresource": p.Subresource,
			}},
		}}
		answer, err := reviews.Create(ctx, review, metav1.CreateOptions{})
		if err != nil {
			return &workflow.Error{Op: "check permissions", Namespace: namespace, Backend: workflow.BackendNative, Err: err}
		}
		if allowed, _, _ := unstructured.NestedBool(answer.Object, "status", "allowed"); !allowed {
			missing = append(missing, p)
		}
	}
	if len(missing) > 0 {
		return &PermissionError{Namespace: namespace, Missing: missing}
	}
	return nil
}
