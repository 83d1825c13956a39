package workflow

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/startname"
)

func TestKeyIsTheIdentity(t *testing.T) {
	for name, tc := range map[string]struct {
		first, second StartRequest
		want          error
		text          string
	}{
		"the same":         {StartRequest{Template: "a", IdempotencyKey: "k"}, StartRequest{Template: "a", IdempotencyKey: "k"}, nil, ""},
		"another template": {StartRequest{Template: "a", IdempotencyKey: "k"}, StartRequest{Template: "b", IdempotencyKey: "k"}, ErrIdempotencyMismatch, "differs in template"},
		"another source":   {StartRequest{Template: "a", IdempotencyKey: "k"}, StartRequest{Manifest: []byte(suspending), IdempotencyKey: "k"}, ErrIdempotencyMismatch, "manifest, template"},
		"a second name": {
			StartRequest{Template: "a", Name: "n", IdempotencyKey: "k"}, StartRequest{Template: "a", Name: "m", IdempotencyKey: "k"},
			ErrIdempotencyMismatch, "in use by workflow n",
		},
		"a name as well": {
			StartRequest{Template: "a", IdempotencyKey: "k"}, StartRequest{Template: "a", Name: "m", IdempotencyKey: "k"},
			ErrIdempotencyMismatch, "in use by workflow " + startname.OfKey("k"),
		},
		"the name of a manifest": {
			StartRequest{Template: "a", IdempotencyKey: "k"}, StartRequest{Manifest: []byte(strings.Replace(suspending, "generateName: own-", "name: m", 1)), IdempotencyKey: "k"},
			ErrIdempotencyMismatch, "in use by workflow " + startname.OfKey("k"),
		},
		"another key on the name": {
			StartRequest{Template: "a", Name: "n", IdempotencyKey: "k"}, StartRequest{Template: "a", Name: "n", IdempotencyKey: "l"},
			ErrConflict, "another idempotency key",
		},
		"a key on the name of none": {StartRequest{Template: "a", Name: "n"}, StartRequest{Template: "a", Name: "n", IdempotencyKey: "k"}, ErrAlreadyExists, ""},
		"none on the name of a key": {StartRequest{Template: "a", Name: "n", IdempotencyKey: "k"}, StartRequest{Template: "a", Name: "n"}, ErrAlreadyExists, ""},
	} {
		for _, way := range clients() {
			t.Run(name+" "+way.name, func(t *testing.T) {
				s := &store{t: t}
				c := way.over(t, s.play)
				tc.first.SkipTemplateCheck, tc.second.SkipTemplateCheck = true, true
				if _, err := c.Start(t.Context(), tc.first); err != nil {
					t.Fatal(err)
				}
				_, err := c.Start(t.Context(), tc.second)
				if tc.want == nil && err != nil || !errors.Is(err, tc.want) || err != nil && !strings.Contains(err.Error(), tc.text) || len(s.held) != 1 {
					t.Errorf("%v, and there are %d", err, len(s.held))
				}
			})
		}
	}
}

const suspending = "metadata: {generateName: own-}\nspec: {entrypoint: main, templates: [{name: main, suspend: {}}]}\n"

type way struct {
	name string
	over func(t *testing.T, play script) *WorkflowClient
}

// clients returns the two ways to create a client.
func clients() []way {
	return []way{
		{"over REST", func(t *testing.T, play script) *WorkflowClient { t.Helper(); return scripted(t, play) }},
		{"over a dynamic client", func(t *testing.T, play script) *WorkflowClient {
			t.Helper()
			dyn, err := dynamic.NewForConfig(&rest.Config{Host: "http://script", Transport: scriptTransport(play)})
			if err != nil {
				t.Fatal(err)
			}
			c, err := New(dyn, Options{})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}},
	}
}

// A start with a key sends one request more than one without. A key together with a name takes
// another request, which reads only metadata.
func TestRequestsOfAKey(t *testing.T) {
	for name, tc := range map[string]struct {
		req  StartRequest
		want string
	}{
		"none":          {StartRequest{Name: "n"}, "create n"},
		"a key":         {StartRequest{IdempotencyKey: "k"}, "get KEY, create KEY"},
		"with a name":   {StartRequest{IdempotencyKey: "k", Name: "n"}, "get n, list, create n"},
		"as a dry run":  {StartRequest{IdempotencyKey: "k", Name: "n", DryRun: true}, "get n, list, create n"},
		"again by name": {StartRequest{IdempotencyKey: "k", Name: "held"}, "get held"},
	} {
		s := &store{t: t}
		c := scripted(t, s.play)
		if name == "again by name" {
			if _, err := c.Start(t.Context(), StartRequest{Template: "a", SkipTemplateCheck: true, IdempotencyKey: "k", Name: "held"}); err != nil {
				t.Fatal(err)
			}
			s.asked = nil
		}
		tc.req.Template, tc.req.SkipTemplateCheck = "a", true
		if _, err := c.Start(t.Context(), tc.req); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := strings.ReplaceAll(strings.Join(s.asked, ", "), startname.OfKey("k"), "KEY"); got != tc.want {
			t.Errorf("%s: %s, not %s", name, got, tc.want)
		}
		for _, accept := range s.accepts {
			if !strings.Contains(accept, "as=PartialObjectMetadataList") {
				t.Errorf("%s: it asks for %s", name, accept)
			}
		}
	}
}

// Copies have the label and the claim but do not hold the key. The holder is found even if it is
// listed after pages of copies.
func TestCopiesHoldNoKey(t *testing.T) {
	req := StartRequest{Template: "a", SkipTemplateCheck: true, IdempotencyKey: "k"}
	for _, way := range clients() {
		s := &store{t: t, pageSize: 2}
		c := way.over(t, s.play)
		if _, err := c.Start(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		holder := s.held[0]
		s.held = nil
		for _, name := range []string{"copy-1", "copy-2", "copy-3", "n"} {
			s.held = append(s.held, copied(holder, name))
		}
		named := req
		named.Name = "n"
		if _, err := c.Start(t.Context(), named); !errors.Is(err, ErrAlreadyExists) {
			t.Errorf("%s: on a copy's name: %v", way.name, err)
		}
		named.Name = "m"
		if _, err := c.Start(t.Context(), named); err != nil {
			t.Errorf("%s: beside copies: %v", way.name, err)
		}
		s.held = append(s.held[:4], holder)
		if _, err := c.Start(t.Context(), named); !errors.Is(err, ErrIdempotencyMismatch) {
			t.Errorf("%s: beside the holder: %v", way.name, err)
		}
		if s, err := c.Start(t.Context(), req); err != nil || s.Name != holder.GetName() {
			t.Errorf("%s: the key alone: %v", way.name, err)
		}
	}
}

// Resubmit does not copy the claim of the old workflow.
func TestResubmitDoesNotCopyClaims(t *testing.T) {
	s := &store{t: t}
	c := scripted(t, s.play)
	req := StartRequest{Manifest: []byte(suspending), IdempotencyKey: "k"}
	if _, err := c.Start(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	old := s.held[0]
	for _, key := range []string{"", "l"} {
		if _, err := c.Resubmit(t.Context(), old.GetName(), ResubmitOptions{IdempotencyKey: key}); err != nil {
			t.Fatal(err)
		}
		again := s.held[len(s.held)-1]
		if mark := readClaim(again); mark.Name != again.GetName() || mark.Key == readClaim(old).Key || again.GetLabels()[naming.LabelKey] != mark.Key {
			t.Errorf("%v %v", again.GetLabels(), again.GetAnnotations())
		}
	}
	for name, opts := range map[string]ResubmitOptions{
		"workflow": {IdempotencyKey: "l"}, "uid": {IdempotencyKey: "l", UID: "u"},
	} {
		of := old.GetName()
		if name == "workflow" {
			of = s.held[1].GetName()
		}
		if _, err := c.Resubmit(t.Context(), of, opts); !errors.Is(err, ErrIdempotencyMismatch) || !strings.Contains(err.Error(), "differs in "+name) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	if _, err := c.Resubmit(t.Context(), old.GetName(), ResubmitOptions{IdempotencyKey: "k"}); !errors.Is(err, ErrIdempotencyMismatch) {
		t.Errorf("the key of a start: %v", err)
	}
}

func TestKeyWithoutPermissionToList(t *testing.T) {
	s := &store{t: t, noLists: true}
	if _, err := scripted(t, s.play).Start(t.Context(), StartRequest{Template: "a", SkipTemplateCheck: true, Name: "n", IdempotencyKey: "k"}); err != nil {
		t.Error(err)
	}
	if !slices.Equal(s.asked, []string{"get n", "list", "create n"}) {
		t.Errorf("%v", s.asked)
	}
}

// If the list fails, the key may be in use, so nothing is created.
func TestKeyThatCannotBeLookedFor(t *testing.T) {
	s := &store{t: t}
	c := scriptedWith(t, Options{RetryFor: -1}, func(r *http.Request) (any, error) {
		if r.URL.Query().Get("labelSelector") != "" {
			return nil, io.ErrUnexpectedEOF
		}
		return s.play(r)
	})
	_, err := c.Start(t.Context(), StartRequest{Template: "a", SkipTemplateCheck: true, Name: "n", IdempotencyKey: "k"})
	if !errors.Is(err, ErrUnavailable) || len(s.held) > 0 {
		t.Errorf("%v, and there are %d", err, len(s.held))
	}
}

// A dry run reports what a start would do: find the existing workflow and create none.
func TestDryRunOfAKeyInUse(t *testing.T) {
	s := &store{t: t}
	c := scripted(t, s.play)
	req := StartRequest{Manifest: []byte(suspending), IdempotencyKey: "k"}
	dry := req
	dry.DryRun = true
	if _, err := c.Start(t.Context(), dry); err != nil || len(s.held) > 0 {
		t.Errorf("before: %v, and there are %d", err, len(s.held))
	}
	if _, err := c.Start(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if found, err := c.Start(t.Context(), dry); err != nil || !found.Found || found.Name != startname.OfKey("k") {
		t.Errorf("afterwards: %+v, %v", found, err)
	}

	again := ResubmitOptions{IdempotencyKey: "l"}
	if _, err := c.Resubmit(t.Context(), startname.OfKey("k"), again); err != nil {
		t.Fatal(err)
	}
	again.DryRun = true
	if found, err := c.Resubmit(t.Context(), startname.OfKey("k"), again); err != nil || found.Name != startname.OfKey("l") || len(s.held) != 2 {
		t.Errorf("of a resubmission: %+v, %v", found, err)
	}

	dry.Labels = map[string]string{"a": "b"}
	if _, err := c.Start(t.Context(), dry); !errors.Is(err, ErrIdempotencyMismatch) {
		t.Errorf("for another request: %v", err)
	}
}

// Another process creates the workflow between this one's read and its dry run.
func TestDryRunBesideAStart(t *testing.T) {
	s := &store{t: t}
	req := StartRequest{Manifest: []byte(suspending), IdempotencyKey: "k"}
	other := scripted(t, s.play)
	c := scripted(t, func(r *http.Request) (any, error) {
		if r.Method == http.MethodPost {
			if _, err := other.Start(t.Context(), req); err != nil {
				t.Error(err)
			}
		}
		return s.play(r)
	})
	dry := req
	dry.DryRun = true
	if found, err := c.Start(t.Context(), dry); err != nil || !found.Found || len(s.held) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}

// If a random name is taken, a new one replaces it. So does a new claim, because a claim contains
// the name.
func TestClaimOfASecondName(t *testing.T) {
	s := &store{t: t}
	refused, lost := false, false
	c := scripted(t, func(r *http.Request) (any, error) {
		if r.Method != http.MethodPost {
			return s.play(r)
		}
		switch made, err := s.play(r); {
		case !refused: // another client's workflow has the name
			refused = true
			s.held[0].SetAnnotations(nil)
			return nil, apierrors.NewAlreadyExists(schema.GroupResource{Resource: "workflows"}, s.held[0].GetName())
		case !lost && err == nil:
			lost = true
			return nil, io.ErrUnexpectedEOF
		default:
			return made, err
		}
	})
	started, err := c.Start(t.Context(), StartRequest{Manifest: []byte(suspending)})
	if err != nil || len(s.held) != 2 || started.Name != s.held[1].GetName() || readClaim(s.held[1]).ID == "" {
		t.Errorf("%v: %v", err, s.asked)
	}
}

// The workflow of a create whose response was lost can run and be deleted before the next attempt.
// If its name was seen to be taken in the meantime, the call does not create it again; the outcome
// is unknown.
func TestLostStartThatWasCollected(t *testing.T) {
	for _, req := range []StartRequest{{Name: "n"}, {IdempotencyKey: "k"}} {
		s := &store{t: t}
		posts := 0
		c := scripted(t, func(r *http.Request) (any, error) {
			if r.Method != http.MethodPost {
				return s.play(r)
			}
			posts++
			made, err := s.play(r)
			switch posts {
			case 1:
				return nil, io.ErrUnexpectedEOF
			case 2:
				s.held = nil
			}
			return made, err
		})
		req.Manifest = []byte(suspending)
		if _, err := c.Start(t.Context(), req); !errors.Is(err, ErrUnknownOutcome) || errors.Is(err, ErrNotFound) || posts != 2 {
			t.Errorf("%v after %d attempts", err, posts)
		}
	}
}

// A later version may record a request in another form. The parts that all forms have in common
// still show which workflow has the key, and the error says what to do.
func TestClaimOfALaterVersion(t *testing.T) {
	for name, form := range map[string]string{
		"other fields": `"hash":"x"`, "fields of other types": `"request":{"a":1},"fields":["b"],"id":7,"omitted":"none"`,
	} {
		s := &store{t: t}
		c := scripted(t, s.play)
		req := StartRequest{Manifest: []byte(suspending), Name: "n", IdempotencyKey: "k"}
		if _, err := c.Start(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		s.held[0].SetAnnotations(map[string]string{
			naming.AnnotationStart: `{"version":2,"name":"n","key":"` + startname.KeyHash("k") + `",` + form + `}`,
		})
		if _, err := c.Start(t.Context(), req); !errors.Is(err, ErrConflict) || errors.Is(err, ErrIdempotencyMismatch) || !strings.Contains(err.Error(), "recorded in form 2") {
			t.Errorf("%s: %v", name, err)
		}
		req.Name = "m"
		if _, err := c.Start(t.Context(), req); !errors.Is(err, ErrIdempotencyMismatch) || !strings.Contains(err.Error(), "in use by workflow n") {
			t.Errorf("%s, under another name: %v", name, err)
		}
		if len(s.held) != 1 {
			t.Errorf("%s: there are %d", name, len(s.held))
		}
	}
}

// Any client can write the annotation, so an error quotes and truncates what it shows of it.
func TestConflictWithAClaimOfAnotherWriter(t *testing.T) {
	s := &store{t: t}
	c := scripted(t, s.play)
	req := StartRequest{Manifest: []byte(suspending), IdempotencyKey: "k"}
	if _, err := c.Start(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	mark := readClaim(s.held[0])
	mark.Request = "other"
	mark.Fields["\x1b[31m\nstart ma/x: done"+strings.Repeat("x", 10_000)] = "y"
	text, err := json.Marshal(mark)
	if err != nil {
		t.Fatal(err)
	}
	s.held[0].SetAnnotations(map[string]string{naming.AnnotationStart: string(text)})
	_, err = c.Start(t.Context(), req)
	if !errors.Is(err, ErrIdempotencyMismatch) || strings.ContainsAny(err.Error(), "\x1b\n") || len(err.Error()) > 1000 {
		t.Errorf("%v", err)
	}
}

// A workflow that has the name of a key but was not started with one does not hold the key.
func TestNameOfAKeyIsTaken(t *testing.T) {
	s := &store{t: t}
	c := scripted(t, s.play)
	if _, err := c.Start(t.Context(), StartRequest{Manifest: []byte(suspending), Name: startname.OfKey("k")}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Start(t.Context(), StartRequest{Manifest: []byte(suspending), IdempotencyKey: "k"})
	if !errors.Is(err, ErrAlreadyExists) || strings.Contains(err.Error(), "set an IdempotencyKey") || len(s.held) != 1 {
		t.Errorf("%v", err)
	}
}
