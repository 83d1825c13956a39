package opensearch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const securityAPI = "/_plugins/_security/api/"

// as returns the place as a user with a password and these roles finds it.
func (p *place) as(t *testing.T, name, password string, roles ...string) *place {
	t.Helper()
	p.setUser(t, name, password, roles...)
	target, opts := p.target, p.opts
	target.Basic = &backfill.BasicAuth{Username: name, Password: backfill.NewSecret(password)}
	return &place{target: target, opts: opts, state: connect(t, target, opts), index: p.index}
}

func (p *place) setUser(t *testing.T, name, password string, roles ...string) {
	t.Helper()
	body, err := json.Marshal(document{"password": password, "opendistro_security_roles": roles})
	if err != nil {
		t.Fatal(err)
	}
	p.ask(t, http.MethodPut, securityAPI+"internalusers/"+name, strings.NewReader(string(body)))
}

// secured skips the spec on a server without the security plugin.
func (p *place) secured(t *testing.T) {
	t.Helper()
	if status, _ := p.try(t, http.MethodGet, securityAPI+"roles/all_access", nil); status != http.StatusOK {
		t.Skip("the server has no users and roles, or its user may not change them")
	}
}

// role is what the security plugin's API takes.
type role struct {
	Cluster []string     `json:"cluster_permissions,omitempty"`
	Index   []indexRules `json:"index_permissions"`
}

type indexRules struct {
	Patterns []string `json:"index_patterns"`
	Actions  []string `json:"allowed_actions"`
}

// documentedRoles returns the roles that docs/security.md shows, by name.
func documentedRoles(t *testing.T) map[string]role {
	t.Helper()
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]role{}
	for _, found := range regexp.MustCompile("(?s)PUT "+securityAPI[1:]+"roles/([a-z-]+)\n(\\{.*?\n\\})\n").FindAllSubmatch(page, -1) {
		decoder := json.NewDecoder(strings.NewReader(string(found[2])))
		decoder.DisallowUnknownFields()
		var r role
		if err := decoder.Decode(&r); err != nil || len(r.Index) != 1 {
			t.Fatalf("%s: %v", found[1], err)
		}
		roles[string(found[1])] = r
	}
	return roles
}

// without returns the roles that differ from a role in that one permission is missing, by permission.
func (r role) without() map[string]role {
	less := map[string]role{}
	for _, action := range r.Cluster {
		part := r
		part.Cluster = slices.DeleteFunc(slices.Clone(r.Cluster), func(a string) bool { return a == action })
		less["cluster "+action] = part
	}
	for _, action := range r.Index[0].Actions {
		part := r
		actions := slices.DeleteFunc(slices.Clone(r.Index[0].Actions), func(a string) bool { return a == action })
		part.Index = []indexRules{{r.Index[0].Patterns, actions}}
		less["index "+action] = part
	}
	return less
}

// What a missing permission can cause instead of an error.
var (
	errNotReleased   = errors.New("a read isn't released")
	errNoPointInTime = errors.New("no point in time was read")
)

// use does what a role is for, on an index of its own, and returns its errors. p is an administrator's
// place, user is the user's.
func use(t *testing.T, p, user *place, roleName string) error {
	t.Helper()
	defer func() { _ = p.state.Delete(context.Background(), p.index) }()
	p.fill(t, 3)
	p.ask(t, http.MethodPost, "/"+p.index+"/_refresh", nil)
	switch roleName {
	case "backfill-read":
		_, counts := user.state.Counts(t.Context(), p.index, now)
		_, size := user.state.Size(t.Context(), p.index)
		before := p.reads(t)
		documents := user.firstError(t, func() {})
		after := p.reads(t)
		switch {
		case documents != nil:
		case after.open > before.open:
			documents = errNotReleased
		case after.pointsInTime == before.pointsInTime:
			documents = errNoPointInTime
		}
		return errors.Join(counts, size, documents, scrolled(t, p, user))
	case "backfill-delete":
		return user.state.Delete(t.Context(), p.index)
	case "backfill-restore":
		if err := p.state.Delete(t.Context(), p.index); err != nil {
			t.Fatal(err)
		}
		_, err := user.state.Restore(t.Context(), p.index, allOf(3, func() {}))
		return err
	}
	t.Errorf("it is not known what the role %s is for", roleName)
	return nil
}

// scrolled reads an index of the user's that can only be read by a scroll, since it has two shards.
func scrolled(t *testing.T, p, user *place) error {
	t.Helper()
	theirs, ours := *user, *p
	theirs.index += "-shards"
	ours.index = theirs.index
	p.ask(t, http.MethodPut, "/"+ours.index, strings.NewReader(`{"settings":{"number_of_shards":2}}`))
	defer func() { _ = p.state.Delete(context.Background(), ours.index) }()
	ours.fill(t, 2500)
	before := p.reads(t)
	err := theirs.firstError(t, func() {})
	if err == nil && p.reads(t).open > before.open {
		return errNotReleased
	}
	return err
}

// reads are how many scrolls and points in time are open, and how many points in time there ever were.
type reads struct{ open, pointsInTime int }

func (p *place) reads(t *testing.T) (r reads) {
	t.Helper()
	var stats struct {
		Nodes map[string]struct {
			Indices struct {
				Search struct {
					Open    int `json:"open_contexts"`
					Current int `json:"point_in_time_current"`
					Closed  int `json:"point_in_time_total"`
				} `json:"search"`
			} `json:"indices"`
		} `json:"nodes"`
	}
	if err := json.Unmarshal(p.ask(t, http.MethodGet, "/_nodes/stats/indices/search", nil), &stats); err != nil {
		t.Fatal(err)
	}
	for _, node := range stats.Nodes {
		search := node.Indices.Search
		r.open += search.Open + search.Current
		r.pointsInTime += search.Current + search.Closed
	}
	return r
}

// The documented roles suffice, and each of their permissions is needed.
func leastPermissions(t *testing.T, p *place) {
	p.secured(t)
	put := func(name string, r role) {
		body, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		p.ask(t, http.MethodPut, securityAPI+"roles/"+name, strings.NewReader(string(body)))
	}
	roles := documentedRoles(t)
	for name, r := range roles {
		put(name, r)
	}
	if len(roles) != 3 {
		t.Fatalf("%d roles are documented", len(roles))
	}
	user := p.as(t, "least", "some-long-passphrase", "backfill-read", "backfill-restore", "backfill-delete")
	for name, r := range roles {
		if err := use(t, p, user, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for missing, less := range r.without() {
			put(name, less)
			if err := use(t, p, user, name); !errors.Is(err, workflow.ErrForbidden) && !errors.Is(err, errNotReleased) && !errors.Is(err, errNoPointInTime) {
				t.Errorf("%s without %s: %v", name, missing, err)
			}
		}
		put(name, r)
	}
	// They are for the working states alone.
	if status, _ := user.try(t, http.MethodGet, "/another-index/_search", nil); status != http.StatusForbidden {
		t.Errorf("status %d", status)
	}
}

// A cluster can be told to answer like this instead of refusing a search. To a reader it looks like an empty index.
func forbiddenIsHidden(t *testing.T, p *place) {
	p.secured(t)
	node := nodes(t)
	node("kill", "one")
	node("start", "one", "plugins.security.unsupported.restapi.allow_securityconfig_modification: true")
	hide := func(on bool) {
		p.ask(t, http.MethodPatch, securityAPI+"securityconfig", strings.NewReader(fmt.Sprintf(
			`[{"op":"add","path":"/config/dynamic/do_not_fail_on_forbidden","value":%[1]v},{"op":"add","path":"/config/dynamic/do_not_fail_on_forbidden_empty","value":%[1]v}]`, on)))
	}
	hide(true)
	defer hide(false)
	p.fill(t, 3)
	p.ask(t, http.MethodPut, securityAPI+"roles/elsewhere", strings.NewReader(
		`{"cluster_permissions":["indices:data/read/msearch"],"index_permissions":[{"index_patterns":["another"],"allowed_actions":["indices:data/read/search"]}]}`))
	user := p.as(t, "elsewhere", "some-long-passphrase", "elsewhere")
	if counts, err := user.state.Counts(t.Context(), p.index, now); err == nil || !strings.Contains(err.Error(), "do_not_fail_on_forbidden") {
		t.Errorf("%+v, %v", counts, err)
	}
}

// The user's password and the Secret change while the documents are read.
func rotatedPassword(t *testing.T, p *place) {
	p.secured(t)
	p.fill(t, many)
	var reads, version atomic.Int32
	password := func() string { return fmt.Sprintf("some-long-passphrase-%d", version.Load()) }
	p.setUser(t, "rotated", password(), "all_access")
	target, opts := p.target, p.opts
	target.Basic = &backfill.BasicAuth{K8sSecretName: "target"}
	opts.Secrets = func(context.Context, string) (opensearch.Credentials, error) {
		reads.Add(1)
		return opensearch.Credentials{Username: "rotated", Password: backfill.NewSecret(password())}, nil
	}
	user := &place{target: target, opts: opts, state: connect(t, target, opts), index: p.index}
	read := 0
	err := user.firstError(t, func() {
		if read++; read == 1 {
			version.Add(1)
			p.setUser(t, "rotated", password(), "all_access")
		}
	})
	if err != nil || read != many || reads.Load() != 2 {
		t.Errorf("%d documents, the secret was read %d times: %v", read, reads.Load(), err)
	}
	p.setUser(t, "rotated", "another-long-passphrase", "all_access")
	if _, err := user.state.Size(t.Context(), p.index); !errors.Is(err, workflow.ErrUnauthorized) {
		t.Errorf("%v", err)
	}
}
