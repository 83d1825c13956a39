package promrules

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const dashboardFile = docs + "dashboards/argoservice.json"

// dashboard is what is looked at of Grafana's JSON.
type dashboard struct {
	UID           string `json:"uid"`
	Title         string `json:"title"`
	SchemaVersion int    `json:"schemaVersion"`
	Templating    struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

type variable struct {
	Name       string          `json:"name"`
	Type       string          `json:"type"`
	Datasource datasource      `json:"datasource"`
	Query      json.RawMessage `json:"query"` // of a datasource its type, else an object
}

type panel struct {
	ID          int        `json:"id"`
	Type        string     `json:"type"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Datasource  datasource `json:"datasource"`
	GridPos     place      `json:"gridPos"`
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
	Targets []target `json:"targets"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type place struct{ X, Y, W, H int }

type target struct {
	RefID        string     `json:"refId"`
	Datasource   datasource `json:"datasource"`
	Expr         string     `json:"expr"`
	LegendFormat string     `json:"legendFormat"`
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	text := read(t, dashboardFile)
	var d dashboard
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, `"__inputs"`) {
		t.Error("it is an export for sharing, whose data source is no variable")
	}
	return d
}

// queries are the panels without the rows.
func (d dashboard) queries() (all []panel) {
	for _, p := range d.Panels {
		if p.Type != "row" {
			all = append(all, p)
		}
	}
	return all
}

func TestDashboard(t *testing.T) {
	d := readDashboard(t)
	if d.UID == "" || d.Title == "" || d.SchemaVersion < 38 || len(d.queries()) < 15 {
		t.Errorf("uid %q, title %q, schema version %d, %d panels", d.UID, d.Title, d.SchemaVersion, len(d.queries()))
	}
	ids := map[int]bool{}
	var rows []string
	for _, p := range d.Panels {
		if ids[p.ID] || p.ID <= 0 {
			t.Errorf("%s: another panel has the id %d", p.Title, p.ID)
		}
		ids[p.ID] = true
		if p.Type == "row" {
			rows = append(rows, strings.ToLower(p.Title))
			continue
		}
		if p.Title == "" || !strings.HasSuffix(p.Description, ".") || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d lacks a title, description, unit or query: %+v", p.ID, p)
		}
		for _, each := range append(p.Targets, target{Datasource: p.Datasource}) {
			if each.Datasource != (datasource{Type: "prometheus", UID: "${datasource}"}) {
				t.Errorf("%s: the data source is %+v", p.Title, each.Datasource)
			}
		}
	}
	_, section, _ := strings.Cut(readDocs(t).text, "\n## Dashboard\n")
	section = strings.Join(strings.Fields(section), " ")
	for _, row := range rows {
		if !strings.Contains(section, row+" (") {
			t.Errorf("the row %q is not documented", row)
		}
	}
}

// No panel lies on another, or sticks out.
func TestDashboardLayout(t *testing.T) {
	taken := map[[2]int]string{}
	for _, p := range readDashboard(t).Panels {
		g := p.GridPos
		if g.W <= 0 || g.H <= 0 || g.X < 0 || g.X+g.W > 24 {
			t.Errorf("%s is at %+v", p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other, ok := taken[[2]int{x, y}]; ok && other != p.Title {
					t.Fatalf("%s lies on %s", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

// Each query asks for what there is, within the jobs that were chosen, and its legend names labels that
// its result has.
func TestDashboardQueries(t *testing.T) {
	d := readDocs(t)
	board := readDashboard(t)
	asked := map[string]bool{}
	for _, p := range board.queries() {
		refs := map[string]bool{}
		for _, target := range p.Targets {
			if refs[target.RefID] {
				t.Errorf("%s: two queries are %s", p.Title, target.RefID)
			}
			refs[target.RefID] = true
			expr := strings.ReplaceAll(target.Expr, "$__rate_interval", "5m") // a duration, which the parser wants to see
			for _, problem := range d.problems(expr) {
				t.Errorf("%s: %s: %s", p.Title, target.Expr, problem)
			}
			for _, series := range regexp.MustCompile(`(argoservice_\w+)(\{[^}]*\})?`).FindAllStringSubmatch(expr, -1) {
				name, _ := d.family(series[1])
				asked[name] = true
				if !strings.Contains(series[2], `job=~"$job"`) {
					t.Errorf("%s: %s asks for more than the chosen jobs", p.Title, series[0])
				}
				chosen := strings.Contains(series[2], `backend=~"$backend"`)
				if can := slices.Contains(d.metrics[name].labels, "backend") && !ofRollout(name); chosen != can {
					t.Errorf("%s: %s: is it of the chosen backends?", p.Title, series[0])
				}
			}
			for _, label := range regexp.MustCompile(`\{\{(\w+)\}\}`).FindAllStringSubmatch(target.LegendFormat, -1) {
				if !regexp.MustCompile(`by \(([\w, ]*\b)?` + label[1] + `\b[\w, ]*\)`).MatchString(expr) {
					t.Errorf("%s: %s has no label %s for the legend", p.Title, target.Expr, label[1])
				}
			}
		}
	}
	for name := range d.metrics {
		if !asked[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
}

// ofRollout reports whether the label backend is one of a router, which are not chosen from.
func ofRollout(name string) bool {
	return strings.HasPrefix(name, "argoservice_rollout_") || strings.HasPrefix(name, "argoservice_shadow_")
}

// What queries call variables are some, and those ask for what there is.
func TestDashboardVariables(t *testing.T) {
	d := readDocs(t)
	board := readDashboard(t)
	known := map[string]bool{"__rate_interval": true} // Grafana's own
	for _, v := range board.Templating.List {
		known[v.Name] = true
		if v.Type == "datasource" {
			if string(v.Query) != `"prometheus"` {
				t.Errorf("%s is of the type %s", v.Name, v.Query)
			}
			continue
		}
		var query struct{ Query string }
		if err := json.Unmarshal(v.Query, &query); err != nil {
			t.Fatal(err)
		}
		parts := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`).FindStringSubmatch(query.Query)
		if parts == nil || !d.isLabel(parts[2]) {
			t.Errorf("%s: %s", v.Name, query.Query)
			continue
		}
		if _, err := parse(parts[1]); err != nil {
			t.Errorf("%s: %v", v.Name, err)
		}
		for _, name := range regexp.MustCompile(`argoservice_\w+`).FindAllString(parts[1], -1) {
			if _, ok := d.metrics[name]; !ok && name != "argoservice_" {
				t.Errorf("%s: there is no %s", v.Name, name)
			}
		}
		if v.Datasource != (datasource{Type: "prometheus", UID: "${datasource}"}) {
			t.Errorf("%s: the data source is %+v", v.Name, v.Datasource)
		}
	}
	for _, name := range []string{"datasource", "job", "backend"} {
		if !known[name] {
			t.Errorf("there is no variable %s", name)
		}
	}
	for _, p := range board.queries() {
		for _, target := range p.Targets {
			for _, used := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(target.Expr, -1) {
				if !known[used[1]] {
					t.Errorf("%s: there is no variable %s", p.Title, used[1])
				}
			}
		}
	}
}
