package argodb_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// onEachSchema runs a test on each server with the tables of each version of Argo.
func onEachSchema(t *testing.T, test func(*testing.T, *scene)) {
	t.Helper()
	for _, schema := range schemas() {
		t.Run(fmt.Sprint(schema), func(t *testing.T) {
			onEach(t, func(t *testing.T, s *scene) {
				s.createSchema(t, schema)
				test(t, s)
			})
		})
	}
}

func TestArchivedByUID(t *testing.T) {
	onEachSchema(t, func(t *testing.T, s *scene) {
		s.archive(t, archived{uid: "1", name: "load", phase: "Failed", labels: map[string]string{"a": "b"}, message: "a\x00b é 😀"})
		u, err := s.database(t).ByUID(t.Context(), "ma", "1")
		if err != nil {
			t.Fatal(err)
		}
		if u.GetKind() != "Workflow" || u.GetAPIVersion() != "argoproj.io/v1alpha1" || u.GetName() != "load" || u.GetLabels()["a"] != "b" {
			t.Errorf("%v", u.Object)
		}
		st, err := status.FromUnstructured(u)
		if err != nil {
			t.Fatal(err)
		}
		if st.Phase != status.PhaseFailed || !st.StartTime.Equal(noon) || st.UID != "1" {
			t.Errorf("%+v", st)
		}
		if message := u.Object["status"].(map[string]any)["message"]; message != "a\x00b é 😀" {
			t.Errorf("%q", message)
		}
	})
}

// Another cluster, controller or namespace has its own workflows, in the same tables.
func TestOnlyTheWorkflowsOfTheController(t *testing.T) {
	onEach(t, func(t *testing.T, s *scene) {
		s.createSchema(t, newestSchema)
		s.archive(t,
			archived{uid: "1"},
			archived{uid: "2", cluster: "other", started: noon.Add(time.Hour)},
			archived{uid: "3", instance: "blue", started: noon.Add(2 * time.Hour)},
			archived{uid: "4", namespace: "other", started: noon.Add(3 * time.Hour)},
		)
		for of, want := range map[*argodb.Options]string{
			{}:                     "1",
			{ClusterName: "other"}: "2",
			{InstanceID: "blue"}:   "3",
		} {
			d := s.database(t, func(o *argodb.Options) { o.ClusterName, o.InstanceID = of.ClusterName, of.InstanceID })
			u, err := d.ByName(t.Context(), "ma", "w")
			if err != nil || string(u.GetUID()) != want {
				t.Errorf("%+v: %v, %v", of, u, err)
			}
			for _, uid := range []string{"1", "2", "3", "4", "5"} {
				if _, err := d.ByUID(t.Context(), "ma", typesUID(uid)); (err == nil) != (uid == want) || err != nil && !errors.Is(err, workflow.ErrNotFound) {
					t.Errorf("%+v: %s: %v", of, uid, err)
				}
			}
			if got := uids(t, d, workflow.HistoryQuery{Namespace: "ma"}); got != want {
				t.Errorf("%+v: %s", of, got)
			}
		}
		if got := uids(t, s.database(t), workflow.HistoryQuery{}); got != "4 1" {
			t.Errorf("of all namespaces: %s", got)
		}
	})
}

// The newest is that of the JSON: the columns have the clock of a controller, which may have moved.
func TestNewestOfAName(t *testing.T) {
	onEachSchema(t, func(t *testing.T, s *scene) {
		s.archive(t,
			archived{uid: "1", started: noon.Add(-time.Hour), local: 14 * time.Hour},
			archived{uid: "2", started: noon, local: -11 * time.Hour},
			archived{uid: "3", started: noon.Add(-48 * time.Hour)},
			archived{uid: "4", name: "w2", started: noon.Add(time.Hour)},
			archived{uid: "5", name: "W", started: noon.Add(time.Hour), namespace: "other"},
		)
		u, err := s.database(t).ByName(t.Context(), "ma", "w")
		if err != nil || u.GetUID() != "2" {
			t.Errorf("%v, %v", u, err)
		}
		_, err = s.database(t).ByName(t.Context(), "ma", "absent")
		if !errors.Is(err, workflow.ErrNotFound) || errors.Is(err, workflow.ErrHistory) || !strings.Contains(err.Error(), "ma/absent") {
			t.Errorf("%v", err)
		}
	})
}

// Without a start, the creation counts.
func TestNewestOfANameByCreation(t *testing.T) {
	onEach(t, func(t *testing.T, s *scene) {
		s.createSchema(t, newestSchema)
		s.archive(t, archived{uid: "1", started: noon}, archived{uid: "2", started: noon.Add(time.Minute)})
		exec(t, s.db, "update argo_archived_workflows set workflow = "+s.withoutStart()+" where uid = '2'")
		u, err := s.database(t).ByName(t.Context(), "ma", "w")
		if err != nil || u.GetUID() != "2" {
			t.Errorf("%v, %v", u, err)
		}
	})
}

func (s *scene) withoutStart() string {
	if s.dialect == argodb.PostgreSQL {
		return "jsonb_set(workflow, '{status,startedAt}', 'null')"
	}
	return "json_set(workflow, '$.status.startedAt', null)"
}

// Strings are values, whatever they contain.
func TestStringsWithSQLInThem(t *testing.T) {
	onEach(t, func(t *testing.T, s *scene) {
		s.createSchema(t, newestSchema)
		s.archive(t, archived{uid: "1"})
		d := s.database(t)
		for _, text := range []string{`' or '1'='1`, `w'; drop table argo_archived_workflows; --`, `\' or 1=1 -- `, `?`, `$1`, `%`, `_`, `w `, "é😀"} {
			_, byName := d.ByName(t.Context(), "ma", text)
			_, byUID := d.ByUID(t.Context(), "ma", typesUID(text))
			_, elsewhere := d.ByName(t.Context(), text, "w")
			for _, err := range []error{byName, byUID, elsewhere} {
				if !errors.Is(err, workflow.ErrNotFound) {
					t.Errorf("%q: %v", text, err)
				}
			}
			if got := uids(t, d, workflow.HistoryQuery{Namespace: text}); got != "" {
				t.Errorf("%q: %s", text, got)
			}
		}
		if _, err := d.ByUID(t.Context(), "ma", "1"); err != nil {
			t.Error(err)
		}
	})
}

func TestRowsThatAreTooLarge(t *testing.T) {
	onEach(t, func(t *testing.T, s *scene) {
		s.createSchema(t, newestSchema)
		s.archive(t, archived{uid: "1", message: strings.Repeat("x", 100_000)})
		s.insertNodes(t, map[string]any{"clustername": "default", "uid": "1", "version": "fnv:1", "namespace": "ma",
			"nodes": `{"a":"` + strings.Repeat("x", 100_000) + `"}`})
		small := s.database(t, func(o *argodb.Options) { o.MaxSize = 50_000 })
		_, byUID := small.ByUID(t.Context(), "ma", "1")
		_, nodes := small.Nodes(t.Context(), workflow.NodesRef{Namespace: "ma", UID: "1", Version: "fnv:1"})
		for _, err := range []error{byUID, nodes} {
			if !errors.Is(err, workflow.ErrHistory) || !strings.Contains(err.Error(), "exceeds the limit of 50000") {
				t.Errorf("%v", err)
			}
		}
		if _, err := s.database(t).ByUID(t.Context(), "ma", "1"); err != nil {
			t.Error(err)
		}
	})
}

// What another writer put there is an error, and nothing of it is in the error.
func TestRowsThatAreNoWorkflows(t *testing.T) {
	onEach(t, func(t *testing.T, s *scene) {
		s.createSchema(t, newestSchema)
		s.archive(t, archived{uid: "1"})
		for _, document := range []string{
			`[]`, `null`, `"secret"`, `{}`, `{"kind":"Secret"}`,
			`{"metadata":{"uid":"2","namespace":"ma","name":"secret"}}`, `{"metadata":{"uid":"1","namespace":"secret","name":"w"}}`,
		} {
			exec(t, s.db, "update argo_archived_workflows set workflow = '"+document+"'")
			_, err := s.database(t).ByUID(t.Context(), "ma", "1")
			if !errors.Is(err, workflow.ErrHistory) || errors.Is(err, workflow.ErrNotFound) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %v", document, err)
			}
		}
	})
}
