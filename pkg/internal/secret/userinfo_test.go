package secret

import (
	"strings"
	"testing"
)

func TestHasUserinfo(t *testing.T) {
	for _, place := range []string{
		"https://u:p@host:9200", "u:p@host", "p@host", "https://u:p@", "s3://u:p@b/x", "gs://p@b", "//u:p@host", "://u:p@host",
		"https://u:p/x@host:9200", "https://u:p#x@host", "https://u:p?x@host", "u:p/x@host", "https://u:1p/x@host", `https:\\u:p@host`,
	} {
		if !HasUserinfo(place) {
			t.Errorf("no userinfo found in %s", place)
		}
		if shown := ScrubPlace(place); strings.Contains(shown, "p@") || strings.Contains(shown, "u:") || !strings.Contains(shown, Mark+"@") {
			t.Errorf("%s is shown as %s", place, shown)
		}
	}
	for _, place := range []string{
		"", "host:9000", "/a@b", "https://host/a@b", "https://host?a@b", "https://host#a@b", "s3://b/p@q", "https://host:9200/a@b", "host:9200/a@b",
		"https://[::1]:9200/a@b", "https://[2001:db8::1]/a@b", "https://host/x:y@z", "http://a:1,b:2/c@d",
	} {
		if HasUserinfo(place) || ScrubPlace(place) != place {
			t.Errorf("%s has no userinfo, but is shown as %s", place, ScrubPlace(place))
		}
	}
}
