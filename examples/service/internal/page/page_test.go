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
	for pattern, handler := range Handlers() {
		mux.Handle(pattern, handler)
	}
	for path, kind := range map[string]string{
		"/": "text/html; charset=utf-8", "/page.css": "text/css; charset=utf-8", "/page.js": "text/javascript; charset=utf-8", "/icon.svg": "image/svg+xml",
	} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if w.Code != 200 || w.Header().Get("Content-Type") != kind || w.Body.Len() == 0 || w.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}

// The policy of the service would refuse it, so that it would be missed late.
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

func TestTextsAreSetAsTexts(t *testing.T) {
	js := read(t, "page.js")
	for _, way := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("} {
		if strings.Contains(js, way) {
			t.Errorf("%s makes markup or code of texts", way)
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
