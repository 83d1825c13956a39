package workflow

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// reviewer is an API server that answers only access reviews.
type reviewer struct {
	t      *testing.T
	denied []string // permissions
	asked  []string // each with its namespace in front
	fail   func() error
}

func (r *reviewer) play(req *http.Request) (any, error) {
	if req.Method != http.MethodPost || !strings.HasSuffix(req.URL.Path, "/selfsubjectaccessreviews") {
		r.t.Errorf("it sends %s %s", req.Method, req.URL)
	}
	if r.fail != nil {
		if err := r.fail(); err != nil {
			return nil, err
		}
	}
	var review struct {
		Spec struct {
			ResourceAttributes struct{ Namespace, Verb, Group, Resource, Subresource, Name string }
		}
	}
	if err := json.NewDecoder(req.Body).Decode(&review); err != nil {
		r.t.Error(err)
	}
	of := review.Spec.ResourceAttributes
	p := Permission{of.Verb, of.Group, of.Resource, of.Subresource, of.Name}.String()
	r.asked = append(r.asked, of.Namespace+": "+p)
	return map[string]any{"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "status": map[string]any{
		"allowed": !slices.Contains(r.denied, p),
	}}, nil
}

func TestEveryOperationIsInTheTable(t *testing.T) {
	for _, op := range Ops() {
		if none := op == OpNew || op == OpCheckPermissions; none != (len(Requirements(op)) == 0) {
			t.Errorf("%s: %v", op, Requirements(op))
		}
		seen := map[Requirement]bool{}
		for _, n := range Requirements(op) {
			if n.Verb == "" || n.Resource == "" || seen[n] {
				t.Errorf("%s: %+v is incomplete, or there twice", op, n)
			}
			seen[n] = true
			if n.Optional && n.Part == "" {
				t.Errorf("%s: %v: without it, without what?", op, n)
			}
			if n.OnRequest && (n.Part == "" || n.Optional) {
				t.Errorf("%s: %v: on which request, and is it needed then?", op, n)
			}
			if n.ClusterScoped() && !n.Optional {
				t.Errorf("%s: %v: no Role can grant it, and CheckPermissions would ask for it", op, n)
			}
		}
	}
	if of := Requirements("sing"); of != nil {
		t.Errorf("%v", of)
	}
}

func TestRequirementsAreACopy(t *testing.T) {
	for _, op := range Ops() {
		first := Requirements(op)
		for i := range first {
			first[i] = Requirement{}
		}
		if again := Requirements(op); len(again) > 0 && (again[0] == Requirement{}) || !reflect.DeepEqual(again, Requirements(op)) {
			t.Errorf("%s: %v", op, again)
		}
	}
}

func TestCheckPermissions(t *testing.T) {
	for name, tc := range map[string]struct {
		ops    []Op
		opts   Options
		denied []string
		want   string // "" if nothing is missing
	}{
		"all":                  {},
		"one":                  {ops: []Op{OpGet}},
		"none needed":          {ops: []Op{OpNew, OpCheckPermissions}},
		"not of the operation": {ops: []Op{OpGet}, denied: []string{"list workflows.argoproj.io"}},
		"soft": {denied: []string{
			"get workflowtemplates.argoproj.io", "list pods", "create events", "get clusterworkflowtemplates.argoproj.io",
		}, want: "not permitted: list pods, for start (ExistsReplace), retry (steps that ran in pods), logs"},
		"parts": {
			ops:    []Op{OpDelete.With(PartWait), OpDelete.With(PartAbandonArtifactGC), OpStart.With(PartReplace), OpLogs.With(PartFollow)},
			denied: []string{"get workflows.argoproj.io", "watch workflows.argoproj.io", "watch pods"},
			want: "not permitted: get workflows.argoproj.io, for delete (Wait, AbandonArtifactGC), start (an idempotency key, a name that is taken, ExistsReplace), logs; " +
				"watch workflows.argoproj.io, for delete (Wait), start (ExistsReplace), logs (Follow); watch pods, for logs (Follow)",
		},
		"parts that no request asks for": {
			ops: []Op{OpStart, OpDelete, OpLogs}, denied: []string{
				"watch workflows.argoproj.io", "patch workflows.argoproj.io", "list pods", "watch pods", "list workflowtaskresults.argoproj.io",
				"get cronworkflows.argoproj.io",
			}, want: "not permitted: list pods, for logs",
		},
		"a part that a request asks for": {
			ops: []Op{OpStart.With(PartCronWorkflow)}, denied: []string{"get cronworkflows.argoproj.io", "delete workflows.argoproj.io", "create workflows.argoproj.io"},
			want: "not permitted: create workflows.argoproj.io, for start; get cronworkflows.argoproj.io, for start (a CronWorkflow)",
		},
		"every part": {
			denied: []string{"list workflowtaskresults.argoproj.io", "get cronworkflows.argoproj.io", "watch pods"},
			want: "not permitted: list workflowtaskresults.argoproj.io, for start (ExistsReplace); " +
				"get cronworkflows.argoproj.io, for start (a CronWorkflow); watch pods, for logs (Follow)",
		},
		"twice": {
			ops:    []Op{OpDelete.With(PartWait), OpGet, OpDelete, OpDelete.With(PartWait), OpGet, OpDelete.With(PartAbandonArtifactGC)},
			denied: []string{"get workflows.argoproj.io"},
			want:   "not permitted: get workflows.argoproj.io, for delete (Wait, AbandonArtifactGC), get",
		},
		"events": {
			opts: Options{EventSource: "host"}, ops: []Op{OpGet, OpSuspend, OpRetry}, denied: []string{"create events"},
			want: "not permitted: create events, for suspend (Options.EventSource), retry (Options.EventSource)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := &reviewer{t: t, denied: tc.denied}
			err := scriptedWith(t, tc.opts, r.play).CheckPermissions(t.Context(), tc.ops...)
			var missing *PermissionError
			switch {
			case tc.want == "":
				if err != nil {
					t.Error(err)
				}
			case !errors.Is(err, ErrForbidden) || !errors.As(err, &missing) || missing.Error() != tc.want || missing.Namespace != DefaultNamespace:
				t.Errorf("%v\nwant %s", err, tc.want)
			case err.Error() != "check-permissions in namespace ma: "+tc.want:
				t.Errorf("%q", err)
			}
			slices.Sort(r.asked)
			if len(slices.Compact(slices.Clone(r.asked))) != len(r.asked) {
				t.Errorf("it asks twice: %v", r.asked)
			}
		})
	}
}

func TestCheckPermissionsOfUnknownOperations(t *testing.T) {
	r := &reviewer{t: t}
	err := scriptedWith(t, Options{}, r.play).CheckPermissions(t.Context(), OpGet, "sing", OpList, OpLogs.With(PartReplace))
	var invalid *InvalidError
	if !errors.As(err, &invalid) || len(invalid.Problems) != 2 || len(r.asked) > 0 {
		t.Fatalf("%v, %v", err, r.asked)
	}
	for i, want := range []string{"ops[1]", "ops[3]"} {
		p := invalid.Problems[i]
		if p.Field != want || !strings.Contains(p.Detail, `"resubmit"`) || !strings.Contains(p.Detail, `"start with ExistsReplace"`) {
			t.Errorf("%v", p)
		}
	}
}

// The review of a cluster-scoped permission has no namespace. The review of a permission on one
// object has its name.
func TestReviewOfClusterScopedPermission(t *testing.T) {
	r := &reviewer{t: t}
	c := scriptedWith(t, Options{}, r.play)
	for _, required := range []Requirement{
		{Permission: Permission{Verb: "get", Group: naming.Group, Resource: "clusterworkflowtemplates"}},
		{Permission: Permission{Verb: "patch", Group: "apps", Resource: "deployments", Subresource: "scale"}},
		{Permission: Permission{Verb: "get", Resource: "configmaps", Name: "notes"}},
	} {
		if err := checkRequirements(t.Context(), c.pacer(), c.reviews, "n", []OpRequirements{{"x", []Requirement{required}}}); err != nil {
			t.Error(err)
		}
	}
	want := []string{
		": get clusterworkflowtemplates.argoproj.io", "n: patch deployments.apps/scale", `n: get configmaps "notes"`,
	}
	if !slices.Equal(r.asked, want) {
		t.Errorf("%v", r.asked)
	}
}

func TestCheckPermissionsWhenReviewsFail(t *testing.T) {
	refusal := apierrors.NewForbidden(schema.GroupResource{Group: "authorization.k8s.io", Resource: "selfsubjectaccessreviews"}, "", errors.New("no"))
	for name, tc := range map[string]struct {
		errs []error // of the first attempts; later ones succeed
		want error
	}{
		"once":              {[]error{apierrors.NewServiceUnavailable("starting")}, nil},
		"for long":          {slices.Repeat([]error{apierrors.NewServiceUnavailable("starting")}, 100), ErrUnavailable},
		"refused":           {[]error{refusal}, ErrForbidden},
		"unknown caller":    {slices.Repeat([]error{apierrors.NewUnauthorized("who?")}, 2), ErrUnauthorized},
		"renewed, just now": {[]error{apierrors.NewUnauthorized("who?")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &reviewer{t: t}
				tries := 0
				r.fail = func() error {
					if tries++; tries <= len(tc.errs) {
						return tc.errs[tries-1]
					}
					return nil
				}
				err := scriptedWith(t, Options{}, r.play).CheckPermissions(t.Context())
				var missing *PermissionError
				if !errors.Is(err, tc.want) || errors.As(err, &missing) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// An API server that has just restarted may deny for a moment what it grants.
func TestCheckPermissionsRightAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := &reviewer{t: t, denied: []string{"get workflows.argoproj.io"}}
		r.fail = func() error {
			switch {
			case time.Since(began) < time.Second:
				return apierrors.NewServiceUnavailable("starting")
			case time.Since(began) > 3*time.Second:
				r.denied = nil
			}
			return nil
		}
		c := scriptedWith(t, Options{}, r.play)
		if err := c.CheckPermissions(t.Context(), OpGet); err != nil || len(r.asked) < 2 {
			t.Errorf("%v, %v", err, r.asked)
		}
		time.Sleep(time.Minute)
		r.denied, r.fail = []string{"get workflows.argoproj.io"}, nil
		if err := c.CheckPermissions(t.Context(), OpGet); !errors.Is(err, ErrForbidden) {
			t.Errorf("%v", err)
		}
	})
}

func TestCheckRequirements(t *testing.T) {
	r := &reviewer{t: t, denied: []string{"get pods"}}
	dyn, err := dynamic.NewForConfig(&rest.Config{Host: "http://script", Transport: scriptTransport(r.play)})
	if err != nil {
		t.Fatal(err)
	}
	err = CheckRequirements(t.Context(), dyn, "n", []OpRequirements{{Op: "sing", Requirements: core("pods", "get", "list")}}, CheckOptions{})
	var e *Error
	if !errors.As(err, &e) || e.Namespace != "n" || !errors.Is(err, ErrForbidden) || !strings.Contains(err.Error(), "get pods, for sing") {
		t.Errorf("%v", err)
	}
}

// An operation that changes something needs a verb that writes. One that only reads doesn't.
func TestOpChanges(t *testing.T) {
	reading := []string{"get", "list", "watch"}
	for _, op := range Ops() {
		writes := slices.ContainsFunc(Requirements(op), func(n Requirement) bool { return !slices.Contains(reading, n.Verb) })
		if op.Changes() != writes {
			t.Errorf("%s changes something: %t, and needs a verb for it: %t", op, op.Changes(), writes)
		}
	}
}
