package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestLinks(t *testing.T) {
	for name, test := range map[string]struct{ page, want string }{
		"file":                   {page: "[x](docs/architecture.md)"},
		"folder":                 {page: "[x](pkg/lib)"},
		"heading there":          {page: "[x](docs/architecture.md#architecture)"},
		"heading here":           {page: "# A `b` & *c*: d_e\n\n[x](#a-b--c-d_e)"},
		"heading twice":          {page: "# A\n\n# A\n\n[x](#a-1)"},
		"heading that is taken":  {page: "# A-1\n\n# A\n\n# A\n\n[x](#a-2)"},
		"heading with an accent": {page: "# Über 10 %\n\n[x](#über-10-)"},
		"anchor of HTML":         {page: "<a id=\"here\"></a>\n\n[x](#here)"},
		"line of code":           {page: "[x](pkg/lib/lib.go#L2-L4)"},
		"by reference":           {page: "[x][y]\n\n[y]: docs/architecture.md"},
		"elsewhere":              {page: "[x](https://example.com/a#b) <https://example.com> https://example.com"},
		"mail":                   {page: "[x](mailto:a@example.com)"},
		"in code":                {page: "`[x](nowhere.md)`\n\n```text\n[x](nowhere.md)\n```"},

		"no file":             {"\n\n[x](docs/nowhere.md)", `3: link "docs/nowhere.md": there is no docs/nowhere.md`},
		"no image":            {"![x](docs/nowhere.svg)", "1: link"},
		"no heading":          {"[x](docs/architecture.md#nowhere)", `1: link "docs/architecture.md#nowhere": docs/architecture.md has no such heading`},
		"heading by its text": {"# A B\n\n[x](#A-B)", "3: link"},
		"no second one":       {"# A\n\n[x](#a-1)", "3: link"},
		"no such line":        {"[x](pkg/lib/lib.go#L50)", "1: link \"pkg/lib/lib.go#L50\": pkg/lib/lib.go has 5 lines"},
		"anchor in code":      {"[x](pkg/lib/lib.go#Do)", "1: link"},
		"in a table":          {"| a |\n|---|\n| [x](nowhere) |", "3: link"},
		"in a list":           {"- a\n- b\n  [x](nowhere)", "3: link"},
		"reference to":        {"[x][y]\n\n[y]: nowhere.md", "1: link"},
		"from the root":       {"[x](/docs/architecture.md)", "1: link"},
		"out of it":           {"[x](../other)", "1: link \"../other\": it leads out of the repository"},
		"without a host":      {"[x](https:///a)", "1: link"},
		"another scheme":      {"[x](file:///etc/passwd)", "1: link"},
		"nothing":             {"[x]()", "1: link"},
		"in HTML":             {"<img src=\"nowhere.png\">", "1: link"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.want == "" {
				expect(t, test.page+"\n")
			} else {
				expect(t, test.page+"\n", test.want)
			}
		})
	}
}

// Only what says that the page isn't there is a problem.
func TestOnline(t *testing.T) {
	asked := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		switch r.URL.Path {
		case "/gone":
			w.WriteHeader(http.StatusNotFound)
		case "/refused":
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer server.Close()
	page := "[a](" + server.URL + "/ok) [b](" + server.URL + "/ok#x) [c](" + server.URL + "/refused)\n\n[d](" + server.URL + "/gone)\n"
	root := repository(t, map[string]string{"page.md": page})
	if got := found(t, root); got != nil || len(asked) != 0 {
		t.Errorf("without --online it finds %q, and asks %d times", got, len(asked))
	}
	got := found(t, root, "--online")
	if len(got) != 1 || !strings.HasPrefix(got[0], "page.md:3: ") || !strings.HasSuffix(got[0], "404 Not Found") {
		t.Errorf("it finds %q, want the one that is gone", got)
	}
	if len(asked) != 3 {
		t.Errorf("it asks %d times, want once for each of 3 pages", len(asked))
	}
}
