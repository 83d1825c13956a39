package workflow

import (
	"errors"
	"net/http"
	"path"
	"testing"
	"testing/synctest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// A read whose body ends with an error is retried, whatever the error is.
func TestReadsWhoseAnswersAreReset(t *testing.T) {
	for name, which := range map[string]func(r *http.Request) bool{
		"lists": func(r *http.Request) bool { return path.Base(r.URL.Path) == "workflows" },
		"gets":  func(r *http.Request) bool { return path.Base(r.URL.Path) != "workflows" },
	} {
		for _, client := range []string{"NewForConfig", "New"} {
			synctest.Test(t, func(t *testing.T) {
				const count = 30
				s := apitest.Of(count)
				odd := false
				s.Reset = func(r *http.Request) bool {
					odd = which(r) && !odd
					return odd
				}
				c := clientsOf(t, s)[client]
				listed := 0
				for _, err := range c.List(t.Context(), ListOptions{}) {
					if err != nil {
						t.Errorf("%s, %s: %v", name, client, err)
					}
					listed++
				}
				if _, err := c.Get(t.Context(), "w0"); err != nil || listed != count {
					t.Errorf("%s, %s: %d listed, %v", name, client, listed, err)
				}
			})
		}
	}
}

// The API server stores objects so deep that a list of them can't be parsed. Each object that
// cannot be read has an error of its own, and the others are listed.
func TestListOfObjectsThatCannotBeRead(t *testing.T) {
	for value, bad := range map[string]int{apitest.DeepValue: 0, apitest.BrokenValue: 1} {
		const count = 30
		s := apitest.Of(count)
		s.Spoil("other", value)
		states, problems := 0, 0
		for _, err := range clientOf(t, s, Options{}).List(t.Context(), ListOptions{}) {
			var failed *Error
			switch {
			case err == nil:
				states++
			case errors.As(err, &failed) && failed.Name == "other" && errors.Is(err, ErrUnreadable):
				problems++
			default:
				t.Errorf("%s: %v", value, err)
			}
		}
		if problems != bad || states != count+1-bad {
			t.Errorf("%s: %d states, %d errors", value, states, problems)
		}
	}
}

// A dynamic client parses a list as a whole.
func TestListThatADynamicClientCannotRead(t *testing.T) {
	s := apitest.Of(3)
	s.Spoil("other", apitest.DeepValue)
	var last error
	for _, err := range clientsOf(t, s)["New"].List(t.Context(), ListOptions{}) {
		last = err
	}
	var failed *Error
	if !errors.As(last, &failed) || !errors.Is(last, ErrUnreadable) {
		t.Errorf("%v", last)
	}
}
