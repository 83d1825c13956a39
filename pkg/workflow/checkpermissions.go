package workflow

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
)

// CheckPermissions asks the API server whether the caller has the permissions for these operations
// in the client's namespace, those for the objects of its GatePolicies included. Without ops, it checks
// all operations of [Interface]. A service can call it when it starts. It returns nil if no permission is
// missing. CheckPermissions changes nothing and can be used by any authenticated caller. It sends one
// short request per permission, each retried like other reads, and blocks until all are answered.
//
// It does not check the permissions for a part that only some requests ask for
// ([Requirement].OnRequest), such as replacing a workflow, unless ops is empty or names the part, as
// OpStart.With([PartReplace]) does: that checks OpStart and the part. Neither does it check optional
// permissions (Optional), except the one to create events if [Options.EventSource] is set. A role
// that is limited to object names (resourceNames) satisfies only permissions with such a Name. Permissions
// may be revoked after the check.
//
// Errors: [ErrForbidden], with a [*PermissionError] that lists all missing permissions and what
// they are for; [ErrInvalid], with an [*InvalidError], for an unknown operation; [ErrUnauthorized],
// [ErrUnavailable], and the context's.
func (c *WorkflowClient) CheckPermissions(ctx context.Context, ops ...Op) (err error) {
	ctx, o := c.begin(ctx, OpCheckPermissions, "", &err)
	defer o.emitEnd(ctx)
	all, err := c.requirementsOf(ops)
	if err == nil {
		err = checkRequirements(ctx, c.pacer(), c.reviews, c.namespace, all)
	}
	if err != nil {
		return c.error(OpCheckPermissions, "", err)
	}
	return nil
}

// requirementsOf returns what the operations need with this client's options.
func (c *WorkflowClient) requirementsOf(ops []Op) ([]OpRequirements, error) {
	everything := len(ops) == 0
	if everything {
		ops = interfaceOps()
	}
	var problems field.ErrorList
	var distinct []Op
	named := map[Op]bool{}
	supported := checkableOps()
	for i, op := range ops {
		if !slices.Contains(supported, op) {
			problems = append(problems, field.NotSupported(field.NewPath("ops").Index(i), op, supported))
		}
		named[op] = true
		if whole, _, _ := strings.Cut(string(op), withPart); !slices.Contains(distinct, Op(whole)) {
			distinct = append(distinct, Op(whole))
		}
	}
	if len(problems) > 0 {
		return nil, invalid(problems...)
	}
	all := make([]OpRequirements, len(distinct))
	for i, op := range distinct {
		needed := slices.DeleteFunc(c.Requirements(op), func(n Requirement) bool {
			return n.OnRequest && !everything && !named[op.With(n.Part)]
		})
		for j := range needed {
			if n := &needed[j]; n.Part == partEvents && c.events != nil {
				n.Optional = false // the host has asked for events
			}
		}
		all[i] = OpRequirements{Op: op, Requirements: needed}
	}
	return all, nil
}

// CheckOptions configure [CheckRequirements]. The zero value is ready to use.
type CheckOptions struct {
	// RetryFor is how long transient faults are retried, as in [Options] for a client of [New].
	RetryFor time.Duration
	// Observer receives the check as an operation [OpCheckPermissions]. Nil disables observation.
	Observer Observer
}

// CheckRequirements is like [WorkflowClient.CheckPermissions], but checks the given requirements,
// such as those of a package that is built on this one: all but the optional ones. Its errors are
// those of CheckPermissions, except for that of an unknown operation.
func CheckRequirements(ctx context.Context, client dynamic.Interface, namespace string, all []OpRequirements, opts CheckOptions) (err error) {
	c := &WorkflowClient{
		namespace: namespace, backend: BackendNative, observer: opts.Observer, outage: &pace.Outage{},
		retryFor: cmp.Or(opts.RetryFor, DefaultRetryFor),
	}
	ctx, o := c.begin(ctx, OpCheckPermissions, "", &err)
	defer o.emitEnd(ctx)
	if err = checkRequirements(ctx, c.pacer(), reviewsOf(client), namespace, all); err != nil {
		return newError(OpCheckPermissions, namespace, "", err)
	}
	return nil
}

func checkRequirements(ctx context.Context, p *pace.Pacer, reviews dynamic.ResourceInterface, namespace string, all []OpRequirements) error {
	var missing []MissingPermission
	for _, m := range required(all) {
		_, err := pace.Do(ctx, p, func() (struct{}, error) { return struct{}{}, review(ctx, reviews, namespace, m.Permission) })
		var denied *deniedError
		switch {
		case errors.As(err, &denied):
			missing = append(missing, m)
		case err != nil:
			return err
		}
	}
	if len(missing) > 0 {
		return &PermissionError{Namespace: namespace, Missing: missing}
	}
	return nil
}

func reviewsOf(client dynamic.Interface) dynamic.ResourceInterface {
	return client.Resource(schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "selfsubjectaccessreviews"})
}

// review asks whether the caller has a permission. If not, it returns a [*deniedError].
func review(ctx context.Context, reviews dynamic.ResourceInterface, namespace string, p Permission) error {
	attributes := map[string]any{"verb": p.Verb, "group": p.Group, "resource": p.Resource, "subresource": p.Subresource}
	if !p.ClusterScoped() {
		attributes["namespace"] = namespace
	}
	if p.Name != "" {
		attributes["name"] = p.Name
	}
	answer, err := reviews.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
		"spec": map[string]any{"resourceAttributes": attributes},
	}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if allowed, _, _ := unstructured.NestedBool(answer.Object, "status", "allowed"); !allowed {
		return &deniedError{apierrors.NewForbidden(schema.GroupResource{Group: p.Group, Resource: p.Resource}, "", errNotAllowed)}
	}
	return nil
}

var errNotAllowed = errors.New("the access review does not allow it")

// deniedError is the error of a permission that an access review denies. It wraps the refusal that
// the request itself would get. So it is retried like one after an outage, when the API server does
// not know its roles yet.
type deniedError struct{ refusal error }

func (e *deniedError) Error() string { return e.refusal.Error() }
func (e *deniedError) Unwrap() error { return e.refusal }
