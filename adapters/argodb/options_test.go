package argodb_test

import (
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func metav1Reason(err error) metav1.StatusReason { return apierrors.ReasonForError(err) }

func TestOptionsThatAreRefused(t *testing.T) {
	db := new(sql.DB) // nothing is sent
	valid := argodb.Options{Dialect: argodb.PostgreSQL, NodesTable: "argo_workflows"}
	if _, err := argodb.New(db, valid); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*argodb.Options){
		"Options.Dialect":     func(o *argodb.Options) { o.Dialect = "oracle" },
		"Options.ClusterName": func(o *argodb.Options) { o.ClusterName = strings.Repeat("x", 65) },
		"Options.InstanceID":  func(o *argodb.Options) { o.InstanceID = strings.Repeat("x", 65) },
		"Options.Timeout":     func(o *argodb.Options) { o.Timeout = -time.Second },
		"Options.MaxSize":     func(o *argodb.Options) { o.MaxSize = 1<<30 + 1 },
	} {
		opts := valid
		change(&opts)
		expectProblems(t, second(argodb.New(db, opts)), name)
	}
	// What could be more than a name would become part of a statement.
	for _, table := range []string{"a b", "a;drop table b", `a"b`, "a`b", "a.b", "1a", "é", strings.Repeat("x", 64)} {
		opts := valid
		opts.NodesTable = table
		expectProblems(t, second(argodb.New(db, opts)), "Options.NodesTable")
	}
	expectProblems(t, second(argodb.New(nil, valid)), "db")
	expectProblems(t, second(argodb.New(db, argodb.Options{MaxSize: -1, Timeout: -1})), "Options.Dialect", "Options.Timeout", "Options.MaxSize")
}

func second[T any](_ T, err error) error { return err }

// expectProblems checks that an error names these fields and no others.
func expectProblems(t *testing.T, err error, want ...string) {
	t.Helper()
	var invalid *workflow.InvalidError
	if !errors.As(err, &invalid) || !errors.Is(err, workflow.ErrInvalid) {
		t.Errorf("%v: %v", want, err)
		return
	}
	var got []string
	for _, problem := range invalid.Problems {
		got = append(got, problem.Field)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}
