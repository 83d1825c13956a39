package main

import "testing"

func TestMentions(t *testing.T) {
	const code = `package lib

// Client is.
type Client struct {
	// Name is.
	Name string
}

// Close does.
func (*Client) Close() {}

// Whole has what others have.
type Whole struct{ Client }

// Other is another name.
type Other = Client
`
	for name, test := range map[string]struct{ page, want string }{
		"what is there":        {page: "`lib.Do`, `lib.Do()`, `*lib.Client`, `lib.Client.Name`, `Client.Close`, `Whole.Name`, `Other.Close`, `TestThat`, [`TestThat`](pkg/lib/that_test.go)"},
		"of somebody else":     {page: "`http.Client`, `Config.Host`, `lib.lower`, `Do`, `a.B.C.D`"},
		"no name":              {"`lib.Undo`", "1: package lib has no Undo"},
		"no member":            {"`lib.Client.Open`", "1: package lib has no Client.Open"},
		"no member, no lib":    {"a\n`Client.Open()`", "2: no Client has a Open"},
		"no test":              {"`TestNothing`", "1: there is no test TestNothing"},
		"test of another file": {"[`TestThat`](pkg/lib/more.go)", "1: link \"pkg/lib/more.go\": there is no TestThat in it"},
	} {
		t.Run(name, func(t *testing.T) {
			got := found(t, repository(t, map[string]string{
				"page.md": test.page + "\n", "pkg/lib/more.go": code, "pkg/lib/that_test.go": "package lib\n\nimport \"testing\"\n\nfunc TestThat(t *testing.T) {}\n",
			}))
			if test.want == "" && got != nil || test.want != "" && (len(got) != 1 || got[0] != "page.md:"+test.want) {
				t.Errorf("it finds %q, want %q", got, test.want)
			}
		})
	}
}
