package backfill

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// scaled is a Deployment that backfills of provider k8s scale, each a process of its own.
type scaled struct {
	t    *testing.T
	apps *apps
}

func newScaled(t *testing.T) *scaled {
	t.Helper()
	return &scaled{t, newApps(t, `
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, uid: d}, spec: {replicas: 4, selector: {matchLabels: {app: loader}}}}
`)}
}

// open returns the backfill, whose configuration has a scale of 3.
func (s *scaled) open(client dynamic.Interface, retryFor time.Duration) Backfill {
	s.t.Helper()
	b, err := New(Config{
		TargetCluster: Cluster{Endpoint: "https://target:9200"},
		Backfill:      Reindex{Provider: ProviderK8s, Session: "s", Scale: 3, K8s: &K8s{Namespace: "ma", Deployment: "d"}},
	}, Dependencies{Kubernetes: client, RetryFor: retryFor})
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// verb does one; that a Scale finds it stopped is no failure.
func (s *scaled) verb(b Backfill, name string) {
	s.t.Helper()
	err := do(s.t.Context(), b, name)
	if stopped := name == "Scale" && errors.Is(err, ErrNotStarted); err != nil && !stopped {
		s.t.Errorf("%s: %v", name, err)
	}
}

func do(ctx context.Context, b Backfill, name string) error {
	switch name {
	case "Start":
		_, err := b.Start(ctx)
		return err
	case "Pause":
		return b.Pause(ctx)
	case "Stop":
		return b.Stop(ctx)
	}
	return b.Scale(ctx, 7)
}

// state is what a caller can tell: the number of workers, or else the number that comes back.
func (s *scaled) state() string {
	s.t.Helper()
	w := &workers{connection: newConnection(Dependencies{Kubernetes: s.apps}), namespace: "ma", deployment: "d"}
	found, _, err := w.findNoted(s.t.Context())
	if err != nil || len(found) != 1 {
		s.t.Fatal(found, err)
	}
	switch d := found[0]; {
	case d.paused() && d.replicas == 0:
		return fmt.Sprintf("paused, %d before", d.note.Replicas)
	case d.paused():
		return fmt.Sprintf("torn: %d workers, noted %+v", d.replicas, *d.note)
	case d.replicas == 0:
		return "stopped"
	default:
		return fmt.Sprintf("%d run", d.replicas)
	}
}

// after is the state that verbs lead to, one after the other.
func after(t *testing.T, verbs ...string) string {
	t.Helper()
	s := newScaled(t)
	for _, name := range verbs {
		s.verb(s.open(s.apps, 0), name)
	}
	return s.state()
}

func TestADeploymentIsPausedWithoutAPatchOfIt(t *testing.T) { // which its client refuses
	for verbs, want := range map[string]string{
		"Pause":                         "paused, 4 before",
		"Pause Pause":                   "paused, 4 before",
		"Pause Start":                   "4 run",
		"Pause Scale":                   "paused, 7 before",
		"Pause Scale Start":             "7 run",
		"Pause Start Scale Pause Start": "7 run",
		"Stop":                          "stopped",
		"Pause Stop":                    "stopped",
		"Pause Stop Start":              "3 run",
		"Pause Start Stop Start":        "3 run",
		"Stop Pause":                    "stopped",
		"Pause Start Stop Pause":        "stopped",
		"Stop Scale":                    "stopped",
	} {
		if got := after(t, strings.Fields(verbs)...); got != want {
			t.Errorf("%s: %s, want %s", verbs, got, want)
		}
	}
}

// mortal is the client of a process that is killed when its last write has taken effect.
type mortal struct {
	*apps
	left *int // writes
	over *bool
}

func newMortal(of *apps, writes int) mortal { return mortal{of, &writes, new(bool)} }

func (m mortal) Resource(resource schema.GroupVersionResource) dynamic.NamespaceableResourceInterface {
	return mortal{m.apps.Resource(resource).(*apps), m.left, m.over}
}

func (m mortal) Namespace(string) dynamic.ResourceInterface { return m }

func (m mortal) List(ctx context.Context, opts metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	if *m.over {
		return nil, errKilled
	}
	return m.apps.List(ctx, opts)
}

func (m mortal) Get(ctx context.Context, name string, opts metav1.GetOptions, sub ...string) (*unstructured.Unstructured, error) {
	if *m.over {
		return nil, errKilled
	}
	return m.apps.Get(ctx, name, opts, sub...)
}

func (m mortal) Create(
	ctx context.Context, o *unstructured.Unstructured, opts metav1.CreateOptions, sub ...string,
) (*unstructured.Unstructured, error) {
	return m.write(func() (*unstructured.Unstructured, error) { return m.apps.Create(ctx, o, opts, sub...) })
}

func (m mortal) Patch(
	ctx context.Context, name string, kind types.PatchType, data []byte, opts metav1.PatchOptions, sub ...string,
) (*unstructured.Unstructured, error) {
	return m.write(func() (*unstructured.Unstructured, error) { return m.apps.Patch(ctx, name, kind, data, opts, sub...) })
}

func (m mortal) write(send func() (*unstructured.Unstructured, error)) (*unstructured.Unstructured, error) {
	if *m.left--; *m.left < 0 {
		*m.over = true
	}
	if *m.over {
		return nil, errKilled
	}
	o, err := send()
	if *m.left == 0 {
		*m.over = true
		return nil, errKilled
	}
	return o, err
}

// A verb that was cut off after any of its writes comes to the same when it is done again, and no
// number of workers is lost if a Start follows instead.
func TestAVerbOfADeploymentThatWasKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for begin, cases := range map[string]map[string][]string{
			// A verb, and what may follow on it from there, whatever was written.
			"":            {"Pause": {"4 run"}, "Stop": {"4 run", "3 run"}, "Scale": {"7 run", "4 run"}},
			"Pause":       {"Start": {"4 run"}, "Scale": {"7 run", "4 run"}, "Stop": {"4 run", "3 run"}},
			"Pause Start": {"Pause": {"4 run"}, "Stop": {"4 run", "3 run"}},
			"Stop":        {"Start": {"3 run"}},
		} {
			for verb, mayRun := range cases {
				want := after(t, append(strings.Fields(begin), verb)...)
				killed := true
				for writes := 0; killed; writes++ {
					for _, next := range []string{verb, "Start"} {
						s := newScaled(t)
						for _, name := range strings.Fields(begin) {
							s.verb(s.open(s.apps, 0), name)
						}
						client := newMortal(s.apps, writes)
						_ = do(t.Context(), s.open(client, -1), verb)
						killed = *client.over
						what := fmt.Sprintf("%s after %q, killed after %d writes, then %s", verb, begin, writes, next)
						s.verb(s.open(s.apps, 0), next)
						if got := s.state(); next == verb && got != want {
							t.Errorf("%s: %s, want %s", what, got, want)
						} else if next == "Start" && verb != "Start" && !slices.Contains(mayRun, got) {
							t.Errorf("%s: %s, want one of %v", what, got, mayRun)
						}
					}
				}
			}
		}
	})
}

// A verb between any two requests of another one leads to where one after the other does. But a Start
// may bring back the number from before a Stop, and a Pause may win over a Stop.
func TestAVerbOfADeploymentWithinAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, begin := range []string{"", "Pause", "Pause Start", "Stop"} {
			for _, outer := range verbs() {
				for _, inner := range verbs() {
					before := strings.Fields(begin)
					want := []string{after(t, append(before, outer, inner)...), after(t, append(before, inner, outer)...)}
					if outer == "Stop" || inner == "Stop" {
						switch outer + inner {
						case "StartStop", "StopStart":
							want = append(want, "4 run")
						case "PauseStop", "StopPause":
							want = append(want, "paused, 4 before")
						}
					}
					for at, reached := 1, true; reached; at++ {
						s := newScaled(t)
						for _, name := range before {
							s.verb(s.open(s.apps, 0), name)
						}
						count := 0
						reached = false
						step := func() {
							if count++; count == at {
								reached = true
								s.verb(s.open(s.apps, 0), inner)
							}
						}
						s.verb(s.open(&stepped{s.apps, step}, 0), outer)
						if got := s.state(); reached && !slices.Contains(want, got) {
							t.Errorf("after %q, %s before request %d of %s: %s, want one of %q", begin, inner, at, outer, got, want)
						}
					}
				}
			}
		}
	})
}

// Several verbs at once, over many orders of their requests, leave the Deployment and its note in
// step, with a number that is one of theirs.
func TestVerbsOfADeploymentAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(400) {
			pick := picker(seed, 7)
			s := newScaled(t)
			if pick(2) == 0 {
				s.verb(s.open(s.apps, 0), "Pause")
			}
			client := &stepped{s.apps, func() { time.Sleep(time.Duration(pick(1000)) * time.Microsecond) }}
			chosen := make([]string, 2+pick(3))
			var all sync.WaitGroup
			for i := range chosen {
				if chosen[i] = verbs()[pick(2)]; pick(4) == 0 {
					chosen[i] = verbs()[pick(4)]
				}
				all.Go(func() { s.verb(s.open(client, 0), chosen[i]) })
			}
			all.Wait()
			may := []string{"paused, 4 before", "paused, 7 before", "4 run", "7 run"}
			if slices.Contains(chosen, "Stop") {
				may = append(may, "stopped", "3 run", "paused, 3 before")
			}
			if got := s.state(); !slices.Contains(may, got) {
				t.Errorf("seed %d, %v at once: %s", seed, chosen, got)
			}
		}
	})
}

// Verbs at once of which some are killed: whichever verb comes next leads to its end.
func TestVerbsOfADeploymentAtOnceOfWhichSomeAreKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(600) {
			pick := picker(seed, 11)
			s := newScaled(t)
			client := &stepped{s.apps, func() {
				time.Sleep(time.Duration(pick(1000)) * time.Microsecond)
				if pick(12) == 0 {
					runtime.Goexit()
				}
			}}
			chosen := make([]string, 2+pick(4))
			var all sync.WaitGroup
			for i := range chosen {
				chosen[i] = verbs()[[]int{0, 0, 1, 1, 1, 3, 2}[pick(7)]]
				all.Go(func() { s.verb(s.open(client, 0), chosen[i]) })
			}
			all.Wait()
			last := []string{"Start", "Pause", "Stop"}[pick(3)]
			s.verb(s.open(s.apps, 0), last)
			may := map[string][]string{
				"Start": {"4 run", "7 run"}, "Pause": {"paused, 4 before", "paused, 7 before"}, "Stop": {"stopped"},
			}[last]
			if slices.Contains(chosen, "Stop") {
				may = append(may, "3 run", "paused, 3 before")
				if last == "Pause" {
					may = append(may, "stopped")
				}
			}
			if got := s.state(); !slices.Contains(may, got) {
				t.Errorf("seed %d, %v at once, and then %s: %s", seed, chosen, last, got)
			}
		}
	})
}

// Notes that another writer has damaged are an error that says what to do, and nothing changes.
func TestNotesThatCannotBeRead(t *testing.T) {
	for _, text := range []string{"4", "{", `{"d": {"replicas": -1}}`, `{"d": {"replicas": 1e12}}`} {
		s := newScaled(t)
		cm := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap",
			"metadata": map[string]any{"name": notesConfigMap, "namespace": "ma", "resourceVersion": "1"},
			"data":     map[string]any{"d": text},
		}}
		*s.apps.objects = append(*s.apps.objects, cm)
		err := s.open(s.apps, 0).Pause(t.Context())
		if err == nil || !strings.Contains(err.Error(), `read d of ConfigMap "argoservice-backfill"`) || !strings.Contains(err.Error(), "remove it") {
			t.Errorf("%s: %v", text, err)
		}
		if workers, _, _ := unstructured.NestedInt64((*s.apps.objects)[0].Object, "spec", "replicas"); workers != 4 {
			t.Errorf("%s: %d workers", text, workers)
		}
		// Stop doesn't need them.
		s.verb(s.open(s.apps, 0), "Stop")
		if got := s.state(); got != "stopped" {
			t.Errorf("%s, and then Stop: %s", text, got)
		}
	}
}

// A ConfigMap that is deleted before a pause is noted is made again; with the note the number is lost.
func TestNotesThatAreDeletedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for at, reached := 1, true; reached; at++ {
			s := newScaled(t)
			for _, name := range []string{"Pause", "Start"} {
				s.verb(s.open(s.apps, 0), name)
			}
			count := 0
			reached = false
			s.verb(s.open(&stepped{s.apps, func() {
				if count++; count == at {
					reached = true
					s.apps.mu.Lock()
					defer s.apps.mu.Unlock()
					*s.apps.objects = slices.DeleteFunc(*s.apps.objects, func(o *unstructured.Unstructured) bool {
						return o.GetKind() == "ConfigMap"
					})
				}
			}}, 0), "Pause")
			if got := s.state(); got != "paused, 4 before" && got != "stopped" {
				t.Errorf("deleted before request %d of Pause: %s", at, got)
			}
		}
	})
}

// Backfills of other Deployments note their numbers in the same ConfigMap, and a workflow's controller
// writes to the workflow, as often as they like: they are in nobody's way.
func TestNotesBesideOtherWriters(t *testing.T) {
	s := newScaled(t)
	for _, name := range []string{"Pause", "Start"} {
		s.verb(s.open(s.apps, 0), name)
	}
	writes := 0
	busy := &stepped{s.apps, func() {
		s.apps.mu.Lock()
		defer s.apps.mu.Unlock()
		for _, o := range *s.apps.objects {
			if o.GetKind() == "ConfigMap" {
				writes++
				o.SetResourceVersion(fmt.Sprint(1000 + writes))
				if err := unstructured.SetNestedField(o.Object, fmt.Sprint(writes), "data", "another"); err != nil {
					t.Error(err)
				}
			}
		}
	}}
	if err := s.open(busy, -1).Pause(t.Context()); err != nil {
		t.Error(err)
	}
	if got := s.state(); got != "paused, 4 before" || writes == 0 {
		t.Errorf("%s, beside %d writes", got, writes)
	}
}

// A pause with no number to bring back, which another writer has noted, ends with the configuration's.
func TestANoteOfNoWorkers(t *testing.T) {
	s := newScaled(t)
	s.verb(s.open(s.apps, 0), "Pause")
	for _, o := range *s.apps.objects {
		if o.GetKind() == "ConfigMap" {
			o.Object["data"] = map[string]any{"d": `{"d": {"replicas": 0, "paused": true}}`}
		}
	}
	s.verb(s.open(s.apps, 0), "Start")
	if got := s.state(); got != "3 run" {
		t.Error(got)
	}
}

// A Deployment that was deleted and made again isn't paused, and its note goes with the next one.
func TestANoteIsAboutOneDeployment(t *testing.T) {
	s := newScaled(t)
	s.verb(s.open(s.apps, 0), "Pause")
	(*s.apps.objects)[0].SetUID("another")
	if got := s.state(); got != "stopped" {
		t.Error(got)
	}
	for _, name := range []string{"Start", "Pause"} {
		s.verb(s.open(s.apps, 0), name)
	}
	text, _, err := unstructured.NestedString((*s.apps.objects)[1].Object, "data", "d")
	if err != nil || text != `{"another":{"replicas":3,"paused":true}}` {
		t.Errorf("%s, %v", text, err)
	}
}
