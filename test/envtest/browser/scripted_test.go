package browser_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("the page, whatever the service says", func() {
	// While a spec looks whether nothing happens.
	const moment = 300 * time.Millisecond
	var (
		s *script
		t *tab
	)
	BeforeEach(func(ctx SpecContext) {
		s = newScript()
		t = openTab(ctx)
		t.do(chromedp.Navigate(s.url))
		s.lists(ctx, "a", "b")
	}, NodeTimeout(soon))
	AfterEach(func() { Expect(t.consoleErrors()).To(BeEmpty()) })

	It("is live once it has heard of all, and says what has changed to those who don't look", func(ctx SpecContext) {
		s.stands(ctx, "a", "Running", 1, "")
		Eventually(t.text("state")).Should(Equal("Running"))
		Consistently(t.text("connection"), moment).ShouldNot(Equal("live"))
		s.isUnknown(ctx, "b")
		Eventually(t.text("connection")).Should(Equal("live"))

		s.stands(ctx, "a", "Paused", 1, "approve")
		s.stands(ctx, "b", "Running", 1, "check")
		Eventually(t.content("news")).Should(Equal("a is Paused and waits at approve" + "b waits at check"))
	}, SpecTimeout(specTimeout))

	It("keeps what somebody is writing at a gate while it is unknown whether that waits", func(ctx SpecContext) {
		s.stands(ctx, "a", "Paused", 3, "approve")
		s.isUnknown(ctx, "b")
		t.do(chromedp.SendKeys(chromedp.CSS("#gates input"), "ann"))
		s.isUnknown(ctx, "a")
		Eventually(t.text("gates-text")).Should(HavePrefix("unknown"))
		t.do(chromedp.KeyEvent("e\r")) // the focus has stayed
		Consistently(s.asked, moment).Should(BeEmpty())
		s.stands(ctx, "a", "Paused", 3, "approve")
		Eventually(t.text("gates-text")).Should(BeEmpty())
		t.do(chromedp.KeyEvent("\r"))
		Eventually(s.asked).Should(HaveExactElements(
			`POST /api/v1/backfills/a/gates/approve {"run":3,"gates":["id-of-approve"],"outputs":{"by":"anne"}}`))
		s.stands(ctx, "a", "Running", 3, "")
		Eventually(t.text("gates")).Should(BeEmpty())
		Eventually(t.focus).Should(Equal("detail"))
	}, SpecTimeout(specTimeout))

	It("does what was confirmed to the run that was shown, or nothing", func(ctx SpecContext) {
		s.stands(ctx, "a", "Running", 1, "")
		s.stands(ctx, "b", "Running", 7, "")
		t.click("#stop")
		s.lists(ctx, "b") // there is no a any more
		Eventually(t.asking).Should(BeFalse())
		Eventually(t.text("session")).Should(Equal("b"))
		t.click("#stop")
		s.stands(ctx, "b", "Running", 8, "")
		Eventually(t.text("workflow")).Should(ContainSubstring("run 8"))
		t.click("#ask-yes")
		Eventually(s.asked).Should(HaveExactElements(`POST /api/v1/backfills/b/stop {"run":7}`))
		Expect(t.focus()).To(Equal("stop"))

		s.stands(ctx, "b", "Paused", 8, "approve")
		t.click("#gates button.danger")
		t.do(chromedp.Focus(chromedp.CSS("#ask-input")), chromedp.KeyEvent("no\r")) // isn't Cancel
		Eventually(s.asked).Should(ContainElement(
			`POST /api/v1/backfills/b/gates/reject {"run":8,"gates":["id-of-approve"],"message":"no"}`))
	}, SpecTimeout(specTimeout))

	It("takes no connection while it is hidden", func(ctx SpecContext) {
		s.stands(ctx, "a", "Running", 1, "")
		s.isUnknown(ctx, "b")
		const eventsAndLog int32 = 2
		Eventually(s.streams.Load).Should(Equal(eventsAndLog))
		t.hidden(true)
		Eventually(s.streams.Load).Should(BeZero())
		Consistently(s.streams.Load, hiddenFor).Should(BeZero())
		t.hidden(false)
		Eventually(s.streams.Load).Should(Equal(eventsAndLog))
		Expect(t.text("connection")()).NotTo(Equal("live"))
		s.lists(ctx, "a", "b")
		for _, session := range []string{"a", "b"} {
			s.isUnknown(ctx, session)
		}
		Eventually(t.text("connection")).Should(Equal("live"))
	}, SpecTimeout(specTimeout))

	// A form has its fields as properties, by their ids and names, in the place of its own methods.
	It("takes names that others have chosen for nothing but names", func(ctx SpecContext) {
		names := []string{
			"addEventListener", "querySelectorAll", "querySelector", "append", "contains", "elements", "submit", "requestSubmit", "remove",
			"dataset", "children", "action", "id", "name", "__proto__", "constructor", "toString", "hasOwnProperty", "session", "gates", "a b", "",
		}
		outputs := []object{}
		for _, name := range names {
			outputs = append(outputs, object{"name": name, "default": "of " + name})
		}
		spaces := object{"name": "choice", "enum": []string{"a b", "a  b", " a"}, "default": "a  b"}
		lines := object{"name": "lines", "default": "two\nlines"}
		gates := []object{}
		for _, name := range []string{"__proto__", "addEventListener", "approve", "querySelectorAll"} {
			gates = append(gates, object{"id": name, "name": name, "outputs": append([]object{spaces, lines, {"name": "by"}}, outputs...)})
		}
		steps := []object{}
		for _, name := range []string{"__proto__", "constructor", "toString"} {
			steps = append(steps, object{"id": name, "name": name, "phase": name})
		}
		s.standsWith(ctx, "a", "Paused", 1, gates, steps)
		s.isUnknown(ctx, "b")
		Eventually(t.text("connection")).Should(Equal("live"))
		Expect(js[string](t, "[...document.querySelectorAll('#steps .sign')].map((sign) => sign.textContent).join('')")).To(Equal("◷◷◷"))

		want := map[string]any{"choice": "a  b", "lines": "two\nlines", "by": "ann"}
		for _, name := range names {
			want[name] = "of " + name
		}
		for i, gate := range gates[:3] {
			t.do(chromedp.SendKeys(chromedp.CSS(fmt.Sprintf("#gates > li:nth-child(%d) .fields > div:nth-child(3) input", i+1)), "ann"))
			t.click(fmt.Sprintf("#gates > li:nth-child(%d) button[type=submit]", i+1))
			Eventually(s.asked).Should(HaveLen(i + 1))
			text, ok := strings.CutPrefix(s.asked()[i], "POST /api/v1/backfills/a/gates/approve ")
			Expect(ok).To(BeTrue(), s.asked()[i])
			var body struct {
				Gates   []string
				Outputs map[string]any
			}
			Expect(json.Unmarshal([]byte(text), &body)).To(Succeed())
			Expect(body.Gates).To(HaveExactElements(gate["id"]))
			Expect(body.Outputs).To(Equal(want))
		}
		t.click("#gates > li:nth-child(4) button.danger")
		t.click("#ask-yes")
		Eventually(s.asked).Should(ContainElement(`POST /api/v1/backfills/a/gates/reject {"run":1,"gates":["querySelectorAll"],"message":""}`))
	}, SpecTimeout(specTimeout))

	It("shows what isn't seen, and what turns text round", func(ctx SpecContext) {
		const forged = "load\u202eon\u200b\u009b2J\x1b[2K\u2066"
		const seen = `load\u{202e}on\u{200b}\u{9b}2J\u{1b}[2K\u{2066}`
		s.standsWith(ctx, "a", "Paused", 1,
			[]object{{"id": "g", "name": forged, "message": forged, "outputs": []object{
				{"name": forged, "description": forged, "enum": []string{forged}}, {"name": "tag", "default": forged + "\n"},
			}}},
			[]object{{"id": "s", "name": forged, "phase": forged, "message": forged}})
		Eventually(t.text("steps")).Should(Equal("◷" + seen + seen))
		Expect(t.content("gates")()).To(Equal(
			seen + "waiting since " + seen + seen + ": " + seen + seen + "tag" + "Approve" + "Reject …"))
		Expect(js[string](t, "document.querySelector('#gates input').value")).To(Equal(seen + `\u{a}`))
		t.click("#gates button.danger")
		Expect(t.text("ask-head")()).To(Equal("Reject " + seen + "?"))
		Expect(js[string](t, "[...document.querySelectorAll('[aria-label]')].map((each) => each.ariaLabel).join()")).To(
			MatchRegexp(`^[\x20-\x7e…,]*$`))
		t.click("#ask-no")
		t.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('#gates select').selectedIndex = 1"))
		t.click("#gates button[type=submit]")
		Eventually(s.asked).Should(HaveLen(1))
		Expect(s.asked()[0]).To(ContainSubstring(`"outputs":{"`+`load`), "by its own name")
		Expect(s.asked()[0]).To(ContainSubstring("\u202e"))
		var body struct{ Outputs map[string]string }
		_, text, _ := strings.Cut(s.asked()[0], "approve ")
		Expect(json.Unmarshal([]byte(text), &body)).To(Succeed())
		Expect(body.Outputs).To(HaveKeyWithValue("tag", forged+"\n"), "as it is, since nobody has changed it")
	}, SpecTimeout(specTimeout))

	It("shows a gate as it is now, and not as it was", func(ctx SpecContext) {
		gate := func(name, output, message string) []object {
			return []object{{"id": "g", "name": name, "message": message, "outputs": []object{{"name": output}}}}
		}
		shown := t.content("gates")
		s.standsWith(ctx, "a", "Paused", 1, gate("check", "by", "one"), nil)
		t.do(chromedp.SendKeys(chromedp.CSS("#gates input"), "ann"))
		s.standsWith(ctx, "a", "Paused", 1, gate("check", "by", "two"), nil)
		Eventually(shown).Should(ContainSubstring("two"))
		Expect(js[string](t, "document.querySelector('#gates input').value")).To(Equal("ann"), "what was written stays")
		for _, changed := range [][]object{gate("delete all", "by", "two"), gate("delete all", "why", "two")} {
			s.standsWith(ctx, "a", "Paused", 1, changed, nil)
			Eventually(shown).Should(And(HavePrefix("delete all"), ContainSubstring(fmt.Sprint(changed[0]["outputs"].([]object)[0]["name"]))))
			Expect(js[int](t, "document.getElementById('gates').childElementCount")).To(Equal(1))
		}
	}, SpecTimeout(specTimeout))

	It("shows what has ended as the text that it is, and looks again when something ends", func(ctx SpecContext) {
		const forged = "a\u202eb" + markup
		seen := `a\u{202e}b` + markup
		run := func(session, source string, decisions object) object {
			return object{
				"session": session, "run": 2, "state": "Failed", "source": source, "namespace": "ma", "workflow": "w", "uid": "u", "message": session,
				"started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:01:00Z", "decisions": decisions,
			}
		}
		known := object{"success": true, "data": object{"more": 3, "made": []object{
			{"verb": "reject", "at": "2026-01-01T00:00:30Z", "by": forged, "message": forged, "gates": []string{forged, "b"}, "more": 4},
			{"verb": "approve", "at": "2026-01-01T00:00:20Z", "gates": []string{"c"}},
		}}}
		Eventually(t.text("past-text")).Should(Equal("None."))
		s.remembers(object{"more": true, "unreadable": 2, "past": []object{
			run(forged, "history", known), run("other", "live", object{"success": false, "error": forged}),
		}})
		s.stands(ctx, "a", "Failed", 1, "")
		Eventually(t.text("past-text")).Should(Equal("Older ones are not shown. 2 workflows can't be read."))
		shown := t.content("past")
		Expect(shown()).To(And(
			HavePrefix(seen+"Failedrun 2, workflow ma/w, since "), ContainSubstring(", deleted, known from the history"+seen),
			ContainSubstring("reject "+seen+", b, 4 more by "+seen), ContainSubstring(": "+seen+"approve c by an unnamed user"),
			ContainSubstring("3 more decisions"+"other"), ContainSubstring(", in the cluster"+"other"), HaveSuffix("who decided is unknown: "+seen),
		))
		Expect(js[bool](t, "window.planted === undefined && document.images.length === 0")).To(BeTrue(), "no markup has come to life")

		By("looking at nothing that it has seen")
		s.remembers(object{"past": []object{}})
		s.stands(ctx, "a", "Failed", 1, "")
		s.stands(ctx, "a", "Running", 2, "")
		Eventually(t.text("state")).Should(Equal("Running"))
		Consistently(shown, moment).ShouldNot(BeEmpty())
		s.stands(ctx, "a", "Stopped", 2, "")
		Eventually(t.text("past-text")).Should(Equal("None."))
		Expect(shown()).To(BeEmpty())
	}, SpecTimeout(specTimeout))

	It("skips to the backfill, and stays with it", func(ctx SpecContext) {
		s.stands(ctx, "a", "Running", 1, "")
		s.stands(ctx, "b", "Running", 1, "")
		t.click(`#list a[data-session=b]`)
		Eventually(t.text("session")).Should(Equal("b"))
		t.do(chromedp.Focus(chromedp.CSS("#skip")), chromedp.KeyEvent("\r"))
		Eventually(t.focus).Should(Equal("detail"))
		Expect(js[string](t, "location.hash")).To(Equal("#b"))
	}, SpecTimeout(specTimeout))
})
