package workflow

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// objectStage is a scripted API server with a workflow that waits at the ApprovalGate objects one and two,
// and at a Suspend node.
type objectStage struct {
	t        *testing.T
	workflow *unstructured.Unstructured
	objects  map[string]*unstructured.Unstructured // by name
	log      []string
	// fails, if not nil, is called for each request about an object. lost says that the response to a
	// request that succeeded does not arrive.
	fails func(request string) error
	lost  func(request string) bool
}

func newObjectStage(t *testing.T) *objectStage {
	s := &objectStage{t: t, objects: map[string]*unstructured.Unstructured{}, workflow: workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, namespace: ma, uid: u, resourceVersion: "7"}
spec:
  templates:
  - name: wait
    resource:
      action: get
      manifest: "{apiVersion: migrations.opensearch.org/v1alpha1, kind: ApprovalGate, metadata: {name: \"{{inputs.parameters.name}}\"}}"
      successCondition: status.phase == Approved
status:
  phase: Running
  nodes:
    a: {id: a, name: w.a, displayName: first, type: Pod, phase: Running, templateName: wait, inputs: {parameters: [{name: name, value: one}]}}
    b: {id: b, name: w.b, displayName: second, type: Pod, phase: Running, templateName: wait, inputs: {parameters: [{name: name, value: two}]}}
    c: {id: c, name: w.c, displayName: again, type: Pod, phase: Running, templateName: wait, inputs: {parameters: [{name: name, value: one}]}}
    g: {id: g, name: w.g, displayName: approve, type: Suspend, phase: Running}
`)}
	for _, name := range []string{"one", "two"} {
		s.objects[name] = workflowObject(t, `{apiVersion: migrations.opensearch.org/v1alpha1, kind: ApprovalGate, metadata: {name: `+name+`, namespace: ma, resourceVersion: "1"}, status: {phase: Pending}}`)
	}
	return s
}

func (s *objectStage) client() *WorkflowClient {
	return scriptedWith(s.t, Options{GatePolicies: []GatePolicy{ApprovalGates()}}, s.answer)
}

func (s *objectStage) answer(r *http.Request) (any, error) {
	if !strings.Contains(r.URL.Path, "/approvalgates/") {
		s.log = append(s.log, strings.ToLower(r.Method)+" workflow")
		if r.Method == http.MethodPatch {
			s.workflow.SetResourceVersion("8")
		}
		return s.workflow.DeepCopy(), nil
	}
	name, sub, _ := strings.Cut(r.URL.Path[strings.Index(r.URL.Path, "/approvalgates/")+len("/approvalgates/"):], "/")
	request := strings.ToLower(r.Method) + " " + path.Join(name, sub)
	s.log = append(s.log, request)
	gates := schema.GroupResource{Group: "migrations.opensearch.org", Resource: "approvalgates"}
	if s.fails != nil {
		if err := s.fails(request); err != nil {
			return nil, err
		}
	}
	object := s.objects[name]
	if object == nil {
		return nil, apierrors.NewNotFound(gates, name)
	}
	if r.Method == http.MethodPatch {
		var sent map[string]any
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			return nil, err
		}
		metadata := sent["metadata"].(map[string]any)
		if metadata["resourceVersion"] != object.GetResourceVersion() {
			return nil, apierrors.NewConflict(gates, name, errors.New("changed"))
		}
		delete(metadata, "resourceVersion")
		if (sub == "status") != (sent["status"] != nil) {
			s.t.Errorf("%s: %v", request, sent)
		}
		applyPatch(object.Object, sent)
		s.changed(name)
	}
	if s.lost != nil && s.lost(request) {
		return nil, io.ErrUnexpectedEOF
	}
	return object.DeepCopy(), nil
}

func (s *objectStage) changed(name string) {
	version, _ := strconv.Atoi(s.objects[name].GetResourceVersion())
	s.objects[name].SetResourceVersion(strconv.Itoa(version + 1))
}

// setTwo writes the object two as another client.
func (s *objectStage) setTwo(phase string) {
	_ = unstructured.SetNestedField(s.objects["two"].Object, phase, "status", "phase")
	s.changed("two")
}

// passed makes steps see the approval.
func (s *objectStage) passed(ids ...string) {
	for _, id := range ids {
		_ = unstructured.SetNestedField(s.workflow.Object, "Succeeded", "status", "nodes", id, "phase")
	}
}

func (s *objectStage) phases() string {
	var all []string
	for _, name := range []string{"one", "two"} {
		phase, _, _ := unstructured.NestedString(s.objects[name].Object, "status", "phase")
		all = append(all, phase)
	}
	return strings.Join(all, " ")
}

// gateIDs returns the IDs of gates.
func gateIDs(gates []Gate) string {
	var all []string
	for _, g := range gates {
		all = append(all, g.ID)
	}
	return strings.Join(all, " ")
}

func TestDecisionsAboutObjects(t *testing.T) {
	nothing := func(*objectStage) {}
	once := func(request string, err error) func(string) error {
		failed := false
		return func(r string) error {
			if r != request || failed {
				return nil
			}
			failed = true
			return err
		}
	}
	missing := apierrors.NewGenericServerResponse(404, "PATCH", schema.GroupResource{Resource: "approvalgates"}, "", "404 page not found", 0, true)
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "approvalgates"}, "two", errors.New("no"))
	for name, tc := range map[string]struct {
		was    func(*objectStage)
		d      Decision
		want   error
		says   string
		gates  string // IDs of the result's gates
		phases string
	}{
		"one, by the name of its object": {nothing, Decision{Gates: []string{"two"}}, nil, "", "b", "Pending Approved"},
		"by the ID of its node":          {nothing, Decision{Gates: []string{"b"}}, nil, "", "b", "Pending Approved"},
		"a selector of nodes":            {nothing, Decision{Selector: "displayName=second"}, nil, "", "b", "Pending Approved"},
		"both of its nodes":              {nothing, Decision{Gates: []string{"one"}}, nil, "", "a c", "Approved Pending"},
		"not by the name of the node":    {nothing, Decision{Gates: []string{"second"}}, ErrNotSuspended, `"second"; waiting gates: one, two, one, approve`, "", "Pending Pending"},
		"everything":                     {nothing, Decision{All: true}, nil, "", "a b c g", "Approved Approved"},
		"approved before":                {func(s *objectStage) { s.setTwo("Approved") }, Decision{Gates: []string{"two"}}, nil, "", "", "Pending Approved"},
		"the others are approved":        {func(s *objectStage) { s.setTwo("Approved") }, Decision{Gates: []string{"one", "two"}}, nil, "", "a c", "Approved Approved"},
		"no value yet":                   {func(s *objectStage) { delete(s.objects["two"].Object, "status"); s.changed("two") }, Decision{Gates: []string{"two"}}, nil, "", "b", "Pending Approved"},
		"decided otherwise":              {func(s *objectStage) { s.setTwo("Error") }, Decision{Gates: []string{"one", "two"}}, ErrNotSuspended, `"two" waits, but was decided otherwise: status.phase of the ApprovalGate two is "Error"`, "", "Pending Error"},
		"otherwise, with all":            {func(s *objectStage) { s.setTwo("Error") }, Decision{All: true}, ErrNotSuspended, "was decided otherwise", "", "Pending Error"},
		"another type": {func(s *objectStage) {
			_ = unstructured.SetNestedField(s.objects["two"].Object, true, "status", "phase")
		}, Decision{Gates: []string{"two"}}, ErrNotSuspended, "status.phase of the ApprovalGate two is not a string", "", "Pending "},
		"one that is missing": {func(s *objectStage) {
			s.fails = func(string) error { return apierrors.NewNotFound(schema.GroupResource{}, "two") }
		}, Decision{Gates: []string{"two"}}, ErrNotSuspended, `gate "two" (ApprovalGate two): no matching node is suspended: the object that is to be decided does not exist`, "", "Pending Pending"},
		"one that is deleted in between": {func(s *objectStage) {
			s.fails = once("patch two", apierrors.NewNotFound(schema.GroupResource{}, "two"))
		}, Decision{Gates: []string{"two"}}, ErrNotSuspended, "the object that is to be decided does not exist", "", "Pending Pending"},
		"a resource that is missing": {
			func(s *objectStage) { s.fails = once("get two", missing) }, Decision{Gates: []string{"two"}},
			ErrUnsupported, "the cluster has no resource migrations.opensearch.org/v1alpha1 approvalgates", "", "Pending Pending",
		},
		"no status subresource": {
			func(s *objectStage) { s.fails = once("patch two/status", missing) }, Decision{Gates: []string{"two"}},
			ErrUnsupported, "the cluster has no resource", "", "Pending Pending",
		},
		"one that must not be read": {func(s *objectStage) { s.fails = once("get two", forbidden) }, Decision{All: true}, ErrForbidden, `gate "two"`, "", "Pending Pending"},
		"outputs":                   {nothing, Decision{Gates: []string{"two"}, Outputs: map[string]any{"by": "ann"}}, ErrInvalid, "outputs[by]: Forbidden: no suspended node waits for it; there are none; a gate that is decided in an object, such as two, has no outputs", "", "Pending Pending"},
		"another writer": {func(s *objectStage) {
			s.fails = once("patch two/status", apierrors.NewConflict(schema.GroupResource{}, "two", errors.New("x")))
		}, Decision{Gates: []string{"two"}}, nil, "", "b", "Pending Approved"},
		"another approval in between": {func(s *objectStage) {
			s.fails = func(r string) error {
				if r == "patch two" {
					s.fails = nil
					s.setTwo("Approved")
				}
				return nil
			}
		}, Decision{Gates: []string{"two"}}, nil, "", "", "Pending Approved"},
		"another decision in between": {func(s *objectStage) {
			s.fails = func(r string) error {
				if r == "patch two" {
					s.fails = nil
					s.setTwo("Error")
				}
				return nil
			}
		}, Decision{Gates: []string{"two"}}, ErrNotSuspended, "decided otherwise", "", "Pending Error"},
		"a record whose response is lost": {func(s *objectStage) { s.lost = func(r string) bool { s.lost = nil; return r == "patch two" } }, Decision{Gates: []string{"two"}}, nil, "", "b", "Pending Approved"},
		"a decision with a lost response": {func(s *objectStage) { s.lost = func(r string) bool { return r == "patch two/status" } }, Decision{Gates: []string{"two"}}, nil, "", "b", "Pending Approved"},
		"another client of this library": {func(s *objectStage) {
			s.fails = func(r string) error {
				if r == "patch two/status" {
					s.fails = nil
					annotations := s.objects["two"].GetAnnotations()
					annotations[naming.AnnotationDecisions] += " " + newDecisionID()
					s.objects["two"].SetAnnotations(annotations)
					s.setTwo("Approved")
				}
				return nil
			}
		}, Decision{Gates: []string{"two"}}, nil, "", "", "Pending Approved"},
		"another writer after the record": {func(s *objectStage) {
			s.fails = func(r string) error {
				if r == "patch two/status" {
					s.fails = nil
					s.setTwo("Approved")
				}
				return nil
			}
		}, Decision{Gates: []string{"two"}}, nil, "", "", "Pending Approved"},
		"a lost response, and passed since": {func(s *objectStage) {
			s.lost = func(r string) bool {
				if r == "patch one/status" {
					s.lost = nil
					s.passed("a", "c")
					return true
				}
				return false
			}
		}, Decision{Gates: []string{"one"}}, nil, "", "a c", "Approved Pending"},
		"a pattern of which one is decided otherwise": {func(s *objectStage) { s.setTwo("Error") }, Decision{Gates: []string{"*"}}, ErrNotSuspended, `"*" ("two" waits, but was decided otherwise`, "", "Pending Error"},
		"reset during the call": {func(s *objectStage) {
			s.fails = func(r string) error {
				if r == "patch two/status" {
					s.fails = nil
					s.passed("a")
					_ = unstructured.SetNestedField(s.objects["one"].Object, "Pending", "status", "phase")
					s.changed("one")
					return apierrors.NewConflict(schema.GroupResource{}, "two", errors.New("x"))
				}
				return nil
			}
		}, Decision{Gates: []string{"one", "two"}}, nil, "", "a c b", "Pending Approved"},
		"a part": {func(s *objectStage) { s.fails = once("patch two", forbidden) }, Decision{All: true}, ErrForbidden, "(decided before that: one)", "", "Approved Pending"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newObjectStage(t)
				tc.was(s)
				result, err := s.client().Approve(t.Context(), "w", tc.d)
				if !errors.Is(err, tc.want) || err != nil && !strings.Contains(err.Error(), tc.says) {
					t.Fatalf("%v\n%v", err, s.log)
				}
				if err == nil && gateIDs(result.Gates) != tc.gates {
					t.Errorf("decided %q, want %q\n%v", gateIDs(result.Gates), tc.gates, s.log)
				}
				if got := s.phases(); got != tc.phases {
					t.Errorf("phases %q, want %q\n%v", got, tc.phases, s.log)
				}
			})
		})
	}
}

// Objects are decided before the workflow, and the workflow is not written if it needs no write.
func TestDecisionsAboutObjectsWriteNoWorkflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newObjectStage(t)
		if _, err := s.client().Approve(t.Context(), "w", Decision{Gates: []string{"one"}, By: "ann@example.com", Message: "fine"}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(s.log, ", "); got != "get workflow, get one, patch one, patch one/status" {
			t.Error(got)
		}
		annotations := s.objects["one"].GetAnnotations()
		var record struct{ Action, By, Message, Time, Workflow string }
		if err := json.Unmarshal([]byte(annotations[naming.AnnotationDecision]), &record); err != nil {
			t.Fatal(err)
		}
		if record.Action != "approve" || record.By != "ann@example.com" || record.Message != "fine" || record.Time == "" || record.Workflow != "w" {
			t.Errorf("%+v", record)
		}
	})
}

// When nothing is known of a write, the error says so. Resume, and rejections without a value, write
// nothing.
func TestDecisionsAboutObjectsThatEndBadly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newObjectStage(t)
		s.fails = func(r string) error {
			if r == "patch one/status" {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		_, err := s.client().Approve(t.Context(), "w", Decision{Gates: []string{"one"}})
		if !errors.Is(err, ErrUnknownOutcome) || errors.Is(err, ErrUnavailable) {
			t.Error(err)
		}
	})
	s := newObjectStage(t)
	_, err := s.client().Reject(t.Context(), "w", Decision{Gates: []string{"one"}})
	var failed *GateObjectError
	if !errors.Is(err, ErrUnsupported) || !errors.As(err, &failed) || failed.Gate != "one" || failed.Object.Name != "one" {
		t.Error(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := newObjectStage(t)
		result, err := s.client().Resume(t.Context(), "w", ResumeOptions{})
		if err != nil || gateIDs(result.Gates) != "g" || s.phases() != "Pending Pending" {
			t.Errorf("%+v, %v, %s", result, err, s.phases())
		}
	})
}

// A rule that a host has put into the decoders is not one that the client could decide by.
func TestPoliciesReplaceTheRuleOfDecoders(t *testing.T) {
	s := newObjectStage(t)
	decoders := scriptedWith(t, Options{GatePolicies: []GatePolicy{ApprovalGates()}}, s.answer).decoders
	c := scriptedWith(t, Options{NodeDecoders: decoders}, s.answer)
	gates, err := c.Gates(t.Context(), "w")
	if err != nil || gateIDs(gates) != "g" {
		t.Errorf("%v, %v", gates, err)
	}
}

// A watch delivers the gates, too, from objects that are reduced to what is needed.
func TestWaitsSeeGatesOfObjects(t *testing.T) {
	s := newObjectStage(t)
	w, err := s.client().Wait(t.Context(), "w", AtGate("two"))
	if err != nil {
		t.Fatal(err)
	}
	gates, err := GatesOf(w)
	if err != nil || gateIDs(gates) != "a b c g" || gates[1].Object == nil || gates[1].Object.Name != "two" || gates[3].Object != nil {
		t.Errorf("%+v, %v", gates, err)
	}
}
