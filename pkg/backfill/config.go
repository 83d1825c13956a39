package backfill

import (
	"cmp"
	"fmt"
	"math"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// defaultSigningName is the service that SigV4 signs for.
const defaultSigningName = "es"

// Config is the part of the migration console's configuration that a backfill needs.
type Config struct {
	TargetCluster Cluster
	// SourceVersion is the version of source_cluster, if the file states one.
	SourceVersion string
	// Snapshot is what to reindex; nil: the file has none.
	Snapshot *Snapshot
	Backfill Reindex
}

// Cluster is where the documents go.
type Cluster struct {
	Endpoint string
	Version  string
	// AllowInsecure allows two things: an endpoint whose certificate is not verified, and basic
	// authentication over http://, where the network sees the password. Without it the latter is refused,
	// unless the endpoint is on a loopback address.
	AllowInsecure bool
	// SigV4SigningEndpoint signs requests for another host than Endpoint's.
	SigV4SigningEndpoint string
	// Basic or SigV4, or neither: no authentication.
	Basic *BasicAuth
	SigV4 *SigV4Auth
}

// BasicAuth is either a name with a password, or a reference to a secret that has both.
type BasicAuth struct {
	Username      string
	Password      Secret
	K8sSecretName string // a Secret in the workflow's namespace
	UserSecretARN string // a secret of AWS Secrets Manager
}

// SigV4Auth signs requests with AWS credentials.
type SigV4Auth struct {
	Region  string
	Service string // default "es"
}

// Snapshot is a snapshot of the source cluster, in exactly one kind of repository.
type Snapshot struct {
	Name           string
	RepositoryName string
	Mode           string // "create", "import" or ""
	S3             *S3Repository
	GCS            *GCSRepository
	FS             *FSRepository
}

// S3Repository is a snapshot repository in S3.
type S3Repository struct {
	URI, Region string
	Role        string
	Endpoint    string // "": AWS's own
}

// GCSRepository is a snapshot repository in Google Cloud Storage.
type GCSRepository struct {
	URI      string // such as gs://bucket/path
	Endpoint string // "": Google's own
}

// FSRepository is a snapshot repository in a file system.
type FSRepository struct {
	Path string // the repository's folder
}

// Provider is what runs a backfill.
type Provider string

const (
	// ProviderArgo runs a workflow, ProviderK8s scales a Deployment that is there.
	ProviderArgo Provider = "argo"
	ProviderK8s  Provider = "k8s"
	// [New] refuses these.
	ProviderDocker              Provider = "docker"
	ProviderECS                 Provider = "ecs"
	ProviderOpenSearchIngestion Provider = "opensearch_ingestion"
)

// Reindex says how the snapshot is reindexed.
type Reindex struct {
	Provider Provider
	// Argo is set for [ProviderArgo], K8s for [ProviderK8s].
	Argo *Argo
	K8s  *K8s
	// Session identifies the backfill, see [Config.SessionName].
	Session string
	// SnapshotName and SnapshotRepository override those of the snapshot.
	SnapshotName, SnapshotRepository string
	// Scale is how many workers reindex at the same time; default 5.
	Scale int
}

// withDefaults fills in what [ParseConfig] does.
func (c Config) withDefaults() Config {
	if c.Backfill.Scale == 0 {
		c.Backfill.Scale = DefaultScale
	}
	if argo := c.Backfill.Argo; argo != nil {
		filled := *argo
		filled.Namespace = cmp.Or(filled.Namespace, workflow.DefaultNamespace)
		filled.Entrypoint = cmp.Or(filled.Entrypoint, DefaultEntrypoint)
		c.Backfill.Argo = &filled
	}
	if sigv4 := c.TargetCluster.SigV4; sigv4 != nil {
		c.TargetCluster.SigV4 = &SigV4Auth{Region: sigv4.Region, Service: cmp.Or(sigv4.Service, defaultSigningName)}
	}
	return c
}

// problems are those of a configuration that ParseConfig has not seen.
func (c Config) problems() field.ErrorList {
	var problems field.ErrorList
	reindex := field.NewPath("backfill", "reindex_from_snapshot")
	if c.Backfill.Scale < 1 || c.Backfill.Scale > math.MaxInt32 {
		problems = append(problems, field.Invalid(reindex.Child("scale"), c.Backfill.Scale, fmt.Sprintf("must be at least 1 and at most %d", math.MaxInt32)))
	}
	if c.Backfill.Session != "" {
		for _, problem := range sessionProblems(c.Backfill.Session) {
			problems = append(problems, field.Invalid(reindex.Child("session_name"), c.Backfill.Session, problem))
		}
	}
	problems = append(problems, c.secretProblems()...)
	return append(problems, c.TargetCluster.insecureProblems()...)
}

// DefaultScale is the scale of a configuration that states none.
const DefaultScale = 5

// Argo says which workflow reindexes.
type Argo struct {
	WorkflowTemplate string
	Namespace        string // default "ma"
	Entrypoint       string // default "run-bulk-load"
	// Parameters go to the workflow as they are and win over those that are derived from
	// the rest of the configuration. The template must know each of them. What is secret by its name
	// or its kind, at any depth, is a [Secret] here once ParseConfig has read it.
	Parameters map[string]any
	// PlaintextCredentials allows the target's username and password to become parameters of
	// the workflow, and secrets to be among Parameters, where everyone who may read workflows can read
	// them. Without it a configuration with a plain password, or with a secret anywhere in Parameters, is
	// refused; prefer k8s_secret_name.
	PlaintextCredentials bool
}

// K8s says which Deployment reindexes.
type K8s struct {
	Namespace  string
	Deployment string // which is there already
}

// DefaultEntrypoint is the entrypoint of a configuration that states none.
const DefaultEntrypoint = "run-bulk-load"
