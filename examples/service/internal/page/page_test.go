package page

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFilesAreServed(t *testing.T) {
	mux := http.NewServeMux()
	handlers, err := Handlers()
	if err != nil {
		t.Fatal(err)
	}
	for pattern, handler := range handlers {
		mux.Handle(pattern, handler)
	}
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w
	}
	index := get("/")
	if index.Code != 200 || index.Header().Get("Content-Type") != "text/html; charset=utf-8" || index.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("%d %v", index.Code, index.Header())
	}
	// Files of another version have other names, and don't exist here.
	found := regexp.MustCompile(`(?:src|href)="([a-z]+-[0-9a-f]{12}(\.[a-z]+))"`).FindAllStringSubmatch(index.Body.String(), -1)
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	if len(found) != len(kinds) {
		t.Errorf("%q", found)
	}
	for _, each := range found {
		w := get("/" + each[1])
		if w.Code != 200 || w.Header().Get("Content-Type") != kinds[each[2]] || w.Body.Len() == 0 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", each[1], w.Code, w.Header())
		}
	}
	if w := get("/page.js"); w.Code != 404 {
		t.Errorf("%d", w.Code)
	}
	if hashedName("page.js", []byte("a")) == hashedName("page.js", []byte("b")) {
		t.Error("two versions have one name")
	}
}

// The service's policy would refuse it, and that would be noticed late.
func TestNothingIsInlineOrFromElsewhere(t *testing.T) {
	html := read(t, "index.html")
	for what, pattern := range map[string]string{
		"an inline script": `<script[^>]*>[^<]`, "an inline style": `(<style|\sstyle=)`, "a handler": `\son[a-z]+=`, "another site": `(?:src|href)="(?:https?:)?//`,
	} {
		if found := regexp.MustCompile(pattern).FindString(html); found != "" {
			t.Errorf("%s: %s", what, found)
		}
	}
	if found := regexp.MustCompile(`url\(|@import`).FindString(read(t, "page.css")); found != "" {
		t.Errorf("the style sheet loads something: %s", found)
	}
}

func TestStringsAreSetAsText(t *testing.T) {
	js := read(t, "page.js")
	for _, way := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("} {
		if strings.Contains(js, way) {
			t.Errorf("%s makes markup or code of texts", way)
		}
	}
}

// Names from outside are never a property of a form or of another object.
func TestExternalNamesAreNotProperties(t *testing.T) {
	js := read(t, "page.js")
	for what, pattern := range map[string]string{
		"a name of a field": `\.name = `, "an id of others": `\.id = (?:[^` + "`" + `]|` + "`" + `[^` + "`" + `]*(?:gate|output|step|name))`,
		"a key": `[a-z)]\[(?:[a-z]+\.)*(?:name|id|phase|state|session)\]`, "a class of others": `className = [a-z]+\.`,
	} {
		if found := regexp.MustCompile(pattern).FindString(js); found != "" {
			t.Errorf("%s: %s", what, found)
		}
	}
}

func TestTheScriptFindsItsElements(t *testing.T) {
	html := read(t, "index.html")
	for _, found := range regexp.MustCompile(`at\("([a-z-]+)"\)`).FindAllStringSubmatch(read(t, "page.js"), -1) {
		if !strings.Contains(html, `id="`+found[1]+`"`) {
			t.Errorf("no element has the id %s", found[1])
		}
	}
	for _, found := range regexp.MustCompile(`(?:for|aria-labelledby|aria-describedby)="([a-z-]+)"`).FindAllStringSubmatch(html, -1) {
		if !strings.Contains(html, `id="`+found[1]+`"`) {
			t.Errorf("no element has the id %s", found[1])
		}
	}
}
