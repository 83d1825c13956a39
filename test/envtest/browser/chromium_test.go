package browser_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// tab is a page in a browser.
type tab struct {
	ctx context.Context //nolint:containedctx // it is what the library has for a handle

	mu      sync.Mutex
	errors  []string // what the console has of them
	failing bool     // requests are expected to fail, so the console's network errors are not kept
}

// openTab starts a browser, which is ended after the spec.
func openTab(ctx context.Context) *tab {
	GinkgoHelper()
	path, err := exec.LookPath(cmp.Or(os.Getenv("CHROMIUM"), "chromium"))
	Expect(err).NotTo(HaveOccurred(), "hack/browser says how to get one")
	allocated, stop := chromedp.NewExecAllocator(context.WithoutCancel(ctx),
		chromedp.ExecPath(path), chromedp.UserDataDir(GinkgoT().TempDir()), chromedp.WindowSize(1280, 1000),
		chromedp.Flag("headless", true), chromedp.Flag("no-sandbox", true), chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true), chromedp.Flag("no-first-run", true), chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true),
	)
	DeferCleanup(stop)
	page, closePage := chromedp.NewContext(allocated)
	DeferCleanup(closePage)
	t := &tab{ctx: page}
	Expect(chromedp.Listen(page, t.note)).To(Succeed())
	return t
}

// note keeps what the console shows as an error.
func (t *tab) note(event any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" && (e.Entry.Source != "network" || !t.failing) {
			t.errors = append(t.errors, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		t.errors = append(t.errors, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" {
			t.errors = append(t.errors, fmt.Sprintf("console.%s", e.Type))
		}
	}
}

func (t *tab) consoleErrors() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.errors
}

// answersFail sets whether requests of the page are expected to fail, so that network errors are not
// faults of the page.
func (t *tab) answersFail(expected bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failing = expected
}

func (t *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(t.ctx, soon)
	defer cancel()
	Expect(chromedp.Do(ctx, steps...)).To(Succeed())
}

// click clicks, as a mouse does, what a CSS selector finds, once that does something.
func (t *tab) click(selector string) {
	GinkgoHelper()
	t.do(chromedp.Click(chromedp.CSS(selector+":not([aria-disabled=true])"), chromedp.NodeVisible, chromedp.NodeEnabled))
}

// js is the value of an expression in the page.
func js[T any](t *tab, expression string) (T, error) {
	return chromedp.Run(t.ctx, chromedp.Evaluate[T](expression))
}

// property returns a function that reads a property of an element.
func property[T any](t *tab, id, name string) func() (T, error) {
	return func() (T, error) { return js[T](t, fmt.Sprintf("document.getElementById(%q).%s", id, name)) }
}

// text is what a person reads in an element; "": it is hidden.
func (t *tab) text(id string) func() (string, error) { return property[string](t, id, "innerText") }

// content is the text of an element, seen or hidden.
func (t *tab) content(id string) func() (string, error) {
	return property[string](t, id, "textContent")
}

// asking reports whether the page asks the person something.
func (t *tab) asking() (bool, error) { return property[bool](t, "ask", "open")() }

// focus is the id of the element that has it.
func (t *tab) focus() (string, error) { return js[string](t, "document.activeElement.id") }

// picture writes one of the whole page to the folder of artifacts.
func (t *tab) picture(name string) {
	GinkgoHelper()
	dir := os.Getenv("ARTIFACTS")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "argoservice-browser")
	}
	Expect(os.MkdirAll(dir, 0o755)).To(Succeed())
	png, err := chromedp.Run(t.ctx, chromedp.FullScreenshot(100))
	Expect(err).NotTo(HaveOccurred())
	path := filepath.Join(dir, name)
	Expect(os.WriteFile(path, png, 0o644)).To(Succeed())
	AddReportEntry("picture", path)
}

// prefers sets the colours that the user prefers.
func (t *tab) prefers(scheme string) {
	GinkgoHelper()
	t.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
}

// hidden has the page take itself for hidden, or for shown again.
func (t *tab) hidden(yes bool) {
	GinkgoHelper()
	t.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(
		"Object.defineProperty(document, 'hidden', {value: %t, configurable: true}); void document.dispatchEvent(new Event('visibilitychange'))", yes)))
}
