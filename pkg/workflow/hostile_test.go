package workflow

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/manifest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// hostileState returns a workflow of the given phase, compressed and not. Each of its nodes has the
// given number of bytes that no controller writes.
func hostileState(t testing.TB, phase string, bytes int) (packed, inline *unstructured.Unstructured) {
	t.Helper()
	gate := "Running"
	if phase != gate {
		gate = "Failed"
	}
	junk := `"junk":[` + strings.Repeat("{},", bytes/3) + `{}]`
	nodes := `{"w":{"id":"w","name":"w","type":"Steps","phase":"` + phase + `","children":["g"],` + junk + `},` +
		`"g":{"id":"g","name":"w.g","displayName":"g","type":"Suspend","phase":"` + gate + `","boundaryID":"w",` + junk + `,` +
		`"outputs":{"parameters":[{"name":"by","globalName":"by","valueFrom":{"supplied":{}}}]}}}`
	var text strings.Builder
	encoder := base64.NewEncoder(base64.StdEncoding, &text)
	zipper := gzip.NewWriter(encoder)
	_, err := zipper.Write([]byte(nodes))
	if err := errors.Join(err, zipper.Close(), encoder.Close()); err != nil {
		t.Fatal(err)
	}
	with := func(state string) *unstructured.Unstructured {
		obj := &unstructured.Unstructured{}
		if err := obj.UnmarshalJSON([]byte(`{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{"name":"w"},` +
			`"status":{"phase":"` + phase + `",` + state + `}}`)); err != nil {
			t.Fatal(err)
		}
		return obj
	}
	return with(`"compressedNodes":"` + text.String() + `"`), with(`"nodes":` + nodes)
}

// nodesChange reads a workflow of the given phase and plans a change of its nodes.
type nodesChange struct {
	phase string
	plan  func(ctx context.Context, obj *unstructured.Unstructured, s *status.WorkflowStatus) error
}

func decisions() map[string]nodesChange {
	c := new(WorkflowClient)
	return map[string]nodesChange{
		"get": {"Running", func(context.Context, *unstructured.Unstructured, *status.WorkflowStatus) error { return nil }},
		"approve": {"Running", func(ctx context.Context, obj *unstructured.Unstructured, s *status.WorkflowStatus) error {
			return decideAll(ctx, obj, s, Decision{All: true, Outputs: map[string]any{"by": "me"}}, approval())
		}},
		"reject": {"Running", func(ctx context.Context, obj *unstructured.Unstructured, s *status.WorkflowStatus) error {
			return decideAll(ctx, obj, s, Decision{Gates: []string{"g"}, Message: "no"}, rejection())
		}},
		"retry": {"Failed", func(ctx context.Context, obj *unstructured.Unstructured, s *status.WorkflowStatus) error {
			plan, err := c.planRetry(ctx, obj, s, retryRequest{id: "r", now: time.Now()})
			if err == nil && len(plan.Removed()) != 1 {
				err = fmt.Errorf("%d nodes are removed", len(plan.Removed()))
			}
			return err
		}},
	}
}

// decideAll plans a decision about the one gate that waits.
func decideAll(ctx context.Context, obj *unstructured.Unstructured, s *status.WorkflowStatus, d Decision, verb decisionVerb) error {
	read, _, _ := readDecision(d, verb)
	chosen, err := read.choose(ctx, s, nil)
	switch {
	case err != nil:
		return err
	case len(chosen.nodes) != 1:
		return fmt.Errorf("%d gates", len(chosen.nodes))
	}
	return new(WorkflowClient).planDecision(ctx, &change{}, obj, s, read.on(chosen.nodes))
}

func (d nodesChange) make(ctx context.Context, obj *unstructured.Unstructured) error {
	s, err := new(WorkflowClient).readStatus(ctx, obj)
	if err != nil {
		return err
	}
	return d.plan(ctx, obj, s)
}

// A decision about compressed nodes takes a few MiB, whatever their decompressed size. A decision
// about inline nodes takes no more than what it changes of them.
func TestDecisionsAboutHostileNodesTakeFewBytes(t *testing.T) {
	const each = 6 << 20
	for name, d := range decisions() {
		packed, inline := hostileState(t, d.phase, each)
		for how, obj := range map[string]*unstructured.Unstructured{"packed": packed, "inline": inline} {
			t.Run(name+", "+how, func(t *testing.T) {
				var err error
				if took := growth.Allocated(func() { err = d.make(t.Context(), obj) }); err != nil || took > 16<<20 {
					t.Errorf("%v, %d MiB", err, took>>20)
				}
			})
		}
	}
}

// The end of a context ends a decision at any point of its work on compressed nodes, with the
// context's cause.
func TestContextEndsHostileDecisions(t *testing.T) {
	const each = 2 << 20
	for name, d := range decisions() {
		t.Run(name, func(t *testing.T) {
			packed, _ := hostileState(t, d.phase, each)
			asks := &askedContext{Context: t.Context(), after: 1 << 30}
			if err := d.make(asks, packed); err != nil {
				t.Fatal(err)
			}
			if want := 2 * each / (64 << 10); asks.asked < want {
				t.Errorf("it is asked %d times, want %d: once for each 64 KiB", asks.asked, want)
			}
			for _, after := range []int{0, asks.asked / 4, asks.asked * 3 / 4} {
				why := errors.New("enough")
				ctx := &askedContext{Context: t.Context(), after: after, err: why}
				err := d.make(ctx, packed)
				var interrupted *pace.InterruptedError
				if !errors.As(err, &interrupted) || !errors.Is(err, why) || ctx.asked > after+10 {
					t.Errorf("ended at the %dth question: %v, asked %d times", after, err, ctx.asked)
				}
			}
		})
	}
}

// Nor do many gates keep a decision from its context's end, before the write or after it.
func TestContextEndsWorkOnManyGates(t *testing.T) {
	const n = 100
	_, s := manyGates(t, n)
	about := (&decision{verb: decisionVerb{become: status.NodeRunning}}).on(s.Nodes)
	for name, work := range map[string]func(context.Context) (int, error){
		"result": func(ctx context.Context) (int, error) {
			gates, err := gatesOf(ctx, s.Nodes)
			return len(gates), err
		},
		"resume": func(ctx context.Context) (int, error) {
			r, err := (&resumption{gates: s.Nodes[:n/4], delays: s.Nodes[n/4:]}).result(ctx)
			if err != nil {
				return 0, err
			}
			return len(r.Gates) + len(r.Delays), nil
		},
		"comparison": func(ctx context.Context) (int, error) {
			kept, err := about.compare(ctx, s)
			return len(kept), err
		},
	} {
		if all, err := work(t.Context()); all != n || err != nil {
			t.Errorf("%s: %d of %d, %v", name, all, n, err)
		}
		why := errors.New("enough")
		ctx := &askedContext{Context: t.Context(), after: n / 2, err: why}
		_, err := work(ctx)
		var interrupted *pace.InterruptedError
		if !errors.As(err, &interrupted) || !errors.Is(err, why) || ctx.asked > n/2+3 || name == "comparison" && !errors.Is(err, ErrUnknownOutcome) {
			t.Errorf("%s: %v, asked %d times", name, err, ctx.asked)
		}
	}
}

// askedContext is a context that ends after it has been asked a given number of times.
type askedContext struct {
	context.Context

	asked, after int
	err          error
}

func (c *askedContext) Err() error {
	if c.asked++; c.asked > c.after {
		return c.err
	}
	return nil
}

// A retry doesn't change the object that it reads, although its own object shares all unchanged
// parts with it.
func TestRetrySharesNoChange(t *testing.T) {
	_, inline := hostileState(t, "Failed", 30)
	before := inline.DeepCopy()
	s, err := status.FromUnstructured(inline)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := new(WorkflowClient).planRetry(t.Context(), inline, s, retryRequest{id: "r", now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(inline, before) {
		t.Error("the object was changed")
	}
	root := plan.object.Object["status"].(map[string]any)["nodes"].(map[string]any)["w"].(map[string]any)
	if root["phase"] != "Running" || len(root["children"].([]any)) > 0 || len(root["junk"].([]any)) == 0 {
		t.Errorf("%.300v", root)
	}
}

// Each of a hundred thousand mistakes can have a path as long as the manifest is deep.
func TestManyMistakesInHugeManifests(t *testing.T) {
	const levels, each = 900, 50
	var mistakes strings.Builder
	for i := range each {
		fmt.Fprintf(&mistakes, "a%d: 1, ", i)
	}
	for name, level := range map[string]string{
		"types":      "{nodeSelector: {" + mistakes.String() + "}, steps: [[{name: a, inline: ",
		"parameters": "{inputs: {parameters: [" + strings.Repeat("{name: a, value: 1e300}, ", each) + "]}, steps: [[{name: a, inline: ",
		"misspelt":   "{conttainer: {}, contaainer: {}, contaiiner: {}, contaier: {}, containr: {}, containe: {}, cntainer: {}, steps: [[{name: a, inline: ",
		"calls":      "{steps: [[" + strings.Repeat("{name: b, template: x}, ", each) + "{name: a, inline: ",
	} {
		text := "{metadata: {name: w}, spec: {entrypoint: m, templates: [{name: m, steps: [[{name: a, inline: " +
			strings.Repeat(level, levels) + "{}" + strings.Repeat("}]]}", levels) + "}]]}]}}"
		obj, err := manifest.Parse([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fields := obj.Object["spec"].(map[string]any)
		var problems field.ErrorList
		took := growth.Allocated(func() {
			problems = append(spec.ManifestProblems(field.NewPath("manifest"), obj, "", "ma"), spec.Misspelt(field.NewPath("manifest", "spec"), fields)...)
			text = invalid(problems...).Error()
		})
		if len(problems) < 1000 || took > 300<<20 || len(text) > 128<<10 {
			t.Errorf("%s: %d problems, %d MiB, a text of %d", name, len(problems), took>>20, len(text))
		}
	}
}

// A name can be as long as the request that contains it.
func TestHugeNamesMakeNoLongErrors(t *testing.T) {
	long := strings.Repeat("A_", 1<<20)
	c := scripted(t, func(*http.Request) (any, error) { return nil, apierrors.NewForbidden(schema.GroupResource{}, "", nil) })
	for what, call := range map[string]func() error{
		"start": func() error {
			_, err := c.Start(t.Context(), StartRequest{Template: long, Name: long, ServiceAccount: long, Labels: map[string]string{long: long}})
			return err
		},
		"approve": func() error {
			_, err := c.Approve(t.Context(), "w", Decision{Selector: long})
			return err
		},
		"get":  func() error { _, err := c.Get(t.Context(), long); return err },
		"stop": func() error { return c.Stop(t.Context(), long, StopOptions{}) },
	} {
		if err := call(); !errors.Is(err, ErrInvalid) || len(err.Error()) > 64<<10 {
			t.Errorf("%s: %d bytes of %.99q", what, len(err.Error()), err.Error())
		}
	}
}

// The items of a list page are decoded one at a time: decoded into maps together, they would take
// many times the size of their JSON.
func TestListDecodesOneAtATime(t *testing.T) {
	const count, each = 10, 1 << 20
	item := func(i int) string {
		return fmt.Sprintf(`{"metadata":{"name":"w%d"},"status":{"junk":[%s{}]}}`, i, strings.Repeat("{},", each/3))
	}
	items := make([]string, count)
	for i := range items {
		items[i] = item(i)
	}
	page := `{"kind":"WorkflowList","apiVersion":"argoproj.io/v1alpha1","metadata":{},"items":[` + strings.Join(items, ",") + `]}`
	c := scripted(t, func(*http.Request) (any, error) { return io.NopCloser(strings.NewReader(page)), nil })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for s, err := range c.List(t.Context(), ListOptions{}) {
		if err != nil || s.Name != "w0" || s.Raw() == nil {
			t.Errorf("%v, %v", s, err)
		}
		break
	}
	runtime.ReadMemStats(&after)
	if took := int(after.TotalAlloc - before.TotalAlloc); took > 10*len(page) {
		t.Errorf("%d MiB for the first of a page of %d", took>>20, len(page)>>20)
	}
}
