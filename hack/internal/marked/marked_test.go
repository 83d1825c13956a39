package marked

import "testing"

func TestReplace(t *testing.T) {
	const before, after = "a\n<!-- begin x: written by c -->\n", "<!-- end x -->\nb\n"
	if got, err := Replace(before+"old\n"+after, "x", "new\n"); err != nil || got != before+"new\n"+after {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Replace("text\n", "x", ""); err == nil {
		t.Error("it takes a page without the lines")
	}
}
