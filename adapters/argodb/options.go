package argodb

import (
	"regexp"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Dialect is the SQL of a database.
type Dialect string

const (
	// PostgreSQL is PostgreSQL 12 or later.
	PostgreSQL Dialect = "postgresql"
	// MySQL is MySQL or MariaDB.
	MySQL Dialect = "mysql"
)

// Defaults of [Options].
const (
	// DefaultClusterName is Argo's own default of persistence.clusterName.
	DefaultClusterName = "default"
	DefaultTimeout     = 30 * time.Second
	DefaultMaxSize     = status.MaxNodesSize
)

// Options say where the controller writes. [FromConfigMap] reads them from its configuration.
type Options struct {
	// Dialect is required.
	Dialect Dialect
	// ClusterName is the controller's persistence.clusterName. It defaults to [DefaultClusterName].
	ClusterName string
	// InstanceID is the controller's instanceID, "" if it has none. Only workflows that a controller
	// with exactly this instance ID archived are found. Nodes don't depend on it.
	InstanceID string
	// NodesTable is the table of offloaded nodes, the controller's persistence.….tableName, usually
	// argo_workflows. Without it, Nodes and SaveNodes return [workflow.ErrUnsupported].
	NodesTable string

	// Timeout limits each statement, including the wait for a connection. It defaults to
	// [DefaultTimeout].
	Timeout time.Duration
	// MaxSize is the most bytes of JSON of one workflow, or of its nodes, that are read or written. It
	// defaults to [DefaultMaxSize], the most that package status reads.
	MaxSize int
}

// withDefaults returns the options with their defaults, or a [*workflow.InvalidError].
func (o Options) withDefaults() (Options, error) {
	if o.ClusterName == "" {
		o.ClusterName = DefaultClusterName
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxSize == 0 {
		o.MaxSize = DefaultMaxSize
	}
	var problems field.ErrorList
	at := field.NewPath("Options")
	if o.Dialect != PostgreSQL && o.Dialect != MySQL {
		problems = append(problems, field.NotSupported(at.Child("Dialect"), o.Dialect, []Dialect{PostgreSQL, MySQL}))
	}
	// The columns have these lengths.
	for _, id := range []struct{ name, value string }{{"ClusterName", o.ClusterName}, {"InstanceID", o.InstanceID}} {
		if len(id.value) > maxID {
			problems = append(problems, field.TooLong(at.Child(id.name), field.OmitValueType{}, maxID))
		}
	}
	if o.NodesTable != "" && !isIdentifier(o.NodesTable) {
		problems = append(problems, field.Invalid(at.Child("NodesTable"), o.NodesTable,
			"must be letters, digits and underscores, at most 63, and not begin with a digit"))
	}
	if o.Timeout < 0 {
		problems = append(problems, field.Invalid(at.Child("Timeout"), o.Timeout, "must not be negative"))
	}
	if o.MaxSize < 0 || o.MaxSize > mostMaxSize {
		problems = append(problems, field.Invalid(at.Child("MaxSize"), o.MaxSize, "must be between 1 and 1 GiB"))
	}
	if len(problems) > 0 {
		return o, &workflow.InvalidError{Problems: problems}
	}
	return o, nil
}

const (
	// maxID is the length of the columns clustername and instanceid.
	maxID = 64
	// mostMaxSize is the most that PostgreSQL stores in a column.
	mostMaxSize = 1 << 30
)

// isIdentifier reports whether a name is safe as part of a statement, which has no parameters for names.
func isIdentifier(name string) bool {
	return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`).MatchString(name)
}
