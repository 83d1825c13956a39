package browser_test

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// nameless are the roles of what a person is to use and can't be told by a name.
func (t *tab) nameless() ([]string, error) {
	tree, err := chromedp.Run(t.ctx, func(ctx context.Context, target *chromedp.Target) (accessibility.GetFullAXTreeResult, error) {
		return cdp.Call(ctx, target, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	})
	if err != nil {
		return nil, err
	}
	var found []string
	for _, n := range tree.Nodes {
		role := textOf(n.Role)
		used := slices.Contains([]string{"button", "textbox", "spinbutton", "combobox", "link", "progressbar", "img", "dialog", "navigation", "main"}, role)
		if !n.Ignored && used && textOf(n.Name) == "" {
			found = append(found, role)
		}
	}
	return found, nil
}

func textOf(v *accessibility.Value) (text string) {
	if v != nil {
		_ = json.Unmarshal([]byte(v.Value), &text) // "" is what it is then
	}
	return text
}
