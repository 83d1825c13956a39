package workflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

func forbiddenHere() error {
	return apierrors.NewForbidden(schema.GroupResource{Group: argoGroup, Resource: "workflows"}, "", errors.New("no"))
}

// clientsOf are one of each kind, of the same server.
func clientsOf(t *testing.T, s *watchServer) map[string]*WorkflowClient {
	t.Helper()
	dyn, err := dynamic.NewForConfig(&rest.Config{Host: "http://script", Transport: transport(s.serve), QPS: -1})
	if err != nil {
		t.Fatal(err)
	}
	overDynamic, err := New(dyn, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*WorkflowClient{"NewForConfig": s.client(t, Options{}), "New": overDynamic}
}

// Whatever the error that a body ends with, its request is made again.
func TestAnswersThatAreReset(t *testing.T) {
	requests := map[string]func(r *http.Request) bool{
		"lists": func(r *http.Request) bool { return path.Base(r.URL.Path) == "workflows" },
		"gets":  func(r *http.Request) bool { return path.Base(r.URL.Path) != "workflows" },
	}
	for name, which := range requests {
		for _, client := range []string{"NewForConfig", "New"} {
			for _, count := range []int{1, 30} {
				t.Run(fmt.Sprintf("%s, %s, %d waits", name, client, count), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := serverOf(count)
						s.latency = time.Millisecond
						odd := false
						s.reset = func(r *http.Request) bool {
							odd = which(r) && !odd
							return odd
						}
						c := clientsOf(t, s)[client]
						results := waits(t.Context(), c, count, Completed)
						time.Sleep(time.Minute)
						s.compact()
						s.cut(errReset)
						for i := range count {
							s.phase(fmt.Sprint("w", i), "Succeeded")
						}
						allEnd(t, results, count)
						listed := 0
						for _, err := range c.List(t.Context(), ListOptions{}) {
							if err != nil {
								t.Error(err)
							}
							listed++
						}
						if _, err := c.Get(t.Context(), "w0"); err != nil || listed != count {
							t.Errorf("%d listed, %v", listed, err)
						}
					})
				})
			}
		}
	}
}

// Only refusals without a break count as a loss of access.
func TestRefusalsAroundOutages(t *testing.T) {
	const count = 30
	for name, tc := range map[string]struct {
		phases []error // what requests meet for 8 s each
		lost   bool
	}{
		"before an outage":          {phases: []error{forbiddenHere(), io.ErrUnexpectedEOF}},
		"before and after it":       {phases: []error{forbiddenHere(), io.ErrUnexpectedEOF, forbiddenHere()}},
		"between two outages":       {phases: []error{io.ErrUnexpectedEOF, forbiddenHere(), io.ErrUnexpectedEOF}},
		"before an outage and long": {phases: []error{forbiddenHere(), io.ErrUnexpectedEOF, forbiddenHere(), forbiddenHere(), forbiddenHere()}, lost: true},
	} {
		for _, few := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", few: ", few), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					waiting := map[bool]int{false: count, true: 3}[few]
					s := serverOf(waiting)
					results := waits(t.Context(), s.client(t, Options{RetryFor: 15 * time.Second}), waiting, Completed)
					time.Sleep(time.Second)
					for _, err := range tc.phases {
						s.set(func() { s.refuse = func(*http.Request) error { return err } })
						s.cut(nil)
						time.Sleep(8 * time.Second)
					}
					s.set(func() { s.refuse = nil })
					for i := range waiting {
						s.phase(fmt.Sprint("w", i), "Succeeded")
					}
					for range waiting {
						if r := <-results; tc.lost && !errors.Is(r.Err, ErrForbidden) || !tc.lost && r.Err != nil {
							t.Error(r.Err)
						}
					}
				})
			})
		}
	}
}

// A wait that looks whether its workflow was deleted bears refusals as its watch does.
func TestRefusalsWhileLookingForADeletedWorkflow(t *testing.T) {
	for name, tc := range map[string]struct {
		lasts time.Duration
		want  error
	}{
		"for a while": {10 * time.Second, ErrDeleted},
		"for longer":  {time.Minute, ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const count = 12
				s := labelledServer(count)
				_, results := narrowed(t, s, count, Completed)
				s.set(func() {
					s.refuse = func(r *http.Request) error {
						if isWatch(r) {
							return nil
						}
						return forbiddenHere()
					}
				})
				time.AfterFunc(tc.lasts, func() { s.set(func() { s.refuse = nil }) })
				s.remove("w0")
				began := time.Now()
				if r := <-results; !errors.Is(r.Err, tc.want) {
					t.Error(r)
				}
				if took := time.Since(began); took > DefaultRetryFor+10*time.Second {
					t.Errorf("after %v", took)
				}
				time.Sleep(tc.lasts)
				for i := 1; i < count; i++ {
					s.phase(fmt.Sprint("w", i), "Succeeded")
				}
				allEnd(t, results, count-1)
			})
		})
	}
}

// Thousands of watches by name are not opened again at the same moment when something has ended
// them all.
func TestWatchesByNameAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count, window, most = 1000, 100 * time.Millisecond, 200
		s := serverOf(count)
		s.latency = time.Millisecond
		s.refuse = func(r *http.Request) error {
			if ofNamespace(r) {
				return forbiddenHere()
			}
			return nil
		}
		results := waits(t.Context(), s.client(t, Options{}), count, Completed)
		time.Sleep(30 * time.Second)
		if s.open() != count {
			t.Fatalf("%d watches", s.open())
		}
		s.set(func() { s.opens = nil })
		s.cut(nil)
		time.Sleep(30 * time.Second)
		if s.open() != count {
			t.Fatalf("%d watches after the break", s.open())
		}
		slices.SortFunc(s.opens, time.Time.Compare)
		for i := most; i < len(s.opens); i++ {
			if apart := s.opens[i].Sub(s.opens[i-most]); apart < window {
				t.Fatalf("%d watches were opened within %v", most, apart)
			}
		}
		for i := range count {
			s.phase(fmt.Sprint("w", i), "Succeeded")
		}
		allEnd(t, results, count)
	})
}

// The API server stores objects so deep that a list of them can't be parsed. Those beside them are
// read all the same.
func TestObjectsThatCannotBeRead(t *testing.T) {
	for name, tc := range map[string]struct {
		value string
		bad   bool // it can't be read
	}{
		"deep":   {value: deepValue},
		"broken": {value: brokenValue, bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const count = 30
				s := serverOf(count)
				put := func(name string) {
					s.put(name, func(u *unstructured.Unstructured) { _ = unstructured.SetNestedField(u.Object, tc.value, "spec", "x") })
				}
				put("other")
				c := s.client(t, Options{})
				results := waits(t.Context(), c, count, Completed)
				time.Sleep(time.Minute)
				put("other") // an event
				s.compact()
				s.cut(io.ErrUnexpectedEOF)
				time.Sleep(time.Minute)
				for i := range count {
					s.phase(fmt.Sprint("w", i), "Succeeded")
				}
				allEnd(t, results, count)
				states, problems := 0, 0
				for state, err := range c.List(t.Context(), ListOptions{}) {
					var failed *Error
					switch {
					case err == nil:
						states++
						_ = state
					case errors.As(err, &failed) && failed.Name == "other" && errors.Is(err, ErrUnsupported):
						problems++
					default:
						t.Error(err)
					}
				}
				if want := map[bool]int{true: 1}[tc.bad]; problems != want || states != count+1-want {
					t.Errorf("%d states, %d errors", states, problems)
				}
			})
		})
	}
}

// A workflow that becomes unreadable ends its own waits with an error, and no others.
func TestWaitOnAnObjectThatCannotBeRead(t *testing.T) {
	for _, count := range []int{3, 30} {
		t.Run(fmt.Sprint(count, " waits"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serverOf(count)
				results := waits(t.Context(), s.client(t, Options{}), count, Completed)
				time.Sleep(time.Second)
				s.put("w0", func(u *unstructured.Unstructured) {
					_ = unstructured.SetNestedField(u.Object, brokenValue, "spec", "x")
				})
				var failed *Error
				if r := <-results; !errors.Is(r.Err, ErrUnsupported) || !errors.As(r.Err, &failed) || failed.Name != "w0" {
					t.Error(r)
				}
				for i := 1; i < count; i++ {
					s.phase(fmt.Sprint("w", i), "Succeeded")
				}
				allEnd(t, results, count-1)
			})
		})
	}
}

// A dynamic client parses a list as a whole, so waits beside such an object go on by name.
func TestObjectsThatADynamicClientCannotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 30
		s := serverOf(count)
		s.put("other", func(u *unstructured.Unstructured) { _ = unstructured.SetNestedField(u.Object, deepValue, "spec", "x") })
		c := clientsOf(t, s)["New"]
		results := waits(t.Context(), c, count, Completed)
		time.Sleep(time.Minute)
		for i := range count {
			s.phase(fmt.Sprint("w", i), "Succeeded")
		}
		allEnd(t, results, count)
		var last error
		for _, err := range c.List(t.Context(), ListOptions{}) {
			last = err
		}
		var failed *Error
		if !errors.As(last, &failed) || !errors.Is(last, ErrUnsupported) {
			t.Errorf("%v", last)
		}
	})
}

// A feed that others have taken over from must not forget those.
func TestFailureOfAFeedThatWasReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 20
		s := serverOf(count)
		c := s.client(t, Options{})
		results := waits(t.Context(), c, count, Completed)
		time.Sleep(time.Second)
		c.hub.mu.Lock()
		old := c.hub.shared
		c.hub.single = true
		c.hub.unshare()
		c.hub.mu.Unlock()
		old.cancel()
		c.hub.fail(old, errors.New("too late to matter"))
		time.Sleep(time.Second)
		for i := range count {
			s.phase(fmt.Sprint("w", i), "Succeeded")
		}
		allEnd(t, results, count)
		synctest.Wait()
		if s.open() != 0 {
			t.Errorf("%d watches are left open", s.open())
		}
	})
}

// A list over a dynamic client says how much is left, so that of a large namespace only those are
// read that are followed.
func TestFewInALargeNamespaceOverADynamicClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count, all = 10, 3000
		s := serverOf(all)
		results := waits(t.Context(), clientsOf(t, s)["New"], count, Completed)
		synctest.Wait()
		lists := s.listsAsked()
		s.compact()
		s.cut(nil)
		time.Sleep(10 * time.Second)
		if n := s.listsAsked() - lists; n > count+1 {
			t.Errorf("%d lists", n)
		}
		for i := range count {
			s.phase(fmt.Sprint("w", i), "Succeeded")
		}
		allEnd(t, results, count)
	})
}

func TestSplitList(t *testing.T) {
	for text, want := range map[string]string{
		`{"items":[{"a":1},{"b":"}]"}],"metadata":{"resourceVersion":"7"}}`:              `7 {"a":1} {"b":"}]"}`,
		` { "metadata" : { "resourceVersion" : "7" } , "items" : [ 1 , "a\"]" , [] ] } `: `7 1 "a\"]" []`,
		`{"metadata":{"resourceVersion":"7"},"items":null}`:                              `7`,
		`{"metadata":{"resourceVersion":"7"},"items":[]}`:                                `7`,
		`{"items":[{"x":{]},{"y":1}],"metadata":{"resourceVersion":"7"}}`:                `7 {"x":{]} {"y":1}`,
		`{}`:                            ``,
		``:                              `!`,
		`[]`:                            `!`,
		`<html></html>`:                 `!`,
		`{"items":[{"a":1}`:             `!`,
		`{"items":[{"a":1}]`:            `!`,
		`{"items":[{"a":"`:              `!`,
		`{"items":[{"a":"\`:             `!`,
		`{"items":[{"a":1}]}}`:          `!`,
		`{"items":[,]}`:                 `!`,
		`{"items":{"a":1}}`:             `!`,
		`{"items":[]} x`:                `!`,
		`{"metadata":7,"items":[1,2]}`:  `!`,
		`{"metadata":{},"items":[1 2]}`: `!`,
	} {
		meta, items, err := splitList([]byte(text))
		got := meta.ResourceVersion
		for _, item := range items {
			got += " " + string(item)
		}
		if err != nil {
			got = "!"
		}
		if strings.TrimSpace(got) != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func FuzzSplitList(f *testing.F) {
	f.Add([]byte(`{"items":[{"a":"\"]"},[1],null],"metadata":{"resourceVersion":"7"}}`))
	f.Add([]byte(`{"items":[{"x":{]},"metadata":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var want struct {
			Metadata metav1.ListMeta   `json:"metadata"`
			Items    []json.RawMessage `json:"items"`
		}
		meta, items, err := splitList(text)
		if json.Unmarshal(text, &want) != nil {
			return
		}
		// Names are compared as they are written, where encoding/json ignores case and escapes.
		if err != nil || strings.ContainsAny(string(text), `\`) || strings.Count(strings.ToLower(string(text)), `"items"`) != 1 ||
			strings.Count(string(text), `"items"`) != 1 {
			return
		}
		if meta.ResourceVersion != want.Metadata.ResourceVersion && strings.Count(strings.ToLower(string(text)), `"metadata"`) == 1 &&
			strings.Count(string(text), `"metadata"`) == 1 && strings.Count(strings.ToLower(string(text)), `"resourceversion"`) == 1 {
			t.Errorf("version %q, want %q", meta.ResourceVersion, want.Metadata.ResourceVersion)
		}
		for i := range items {
			if i < len(want.Items) && !bytes.Equal(items[i], want.Items[i]) {
				t.Errorf("item %d: %s, want %s", i, items[i], want.Items[i])
			}
		}
		if len(items) != len(want.Items) {
			t.Errorf("%d items, want %d", len(items), len(want.Items))
		}
	})
}
