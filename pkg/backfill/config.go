package backfill

import (
	"cmp"
	"fmt"
	"math"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// defaultSigningName is the service that SigV4 signs for by default.
const defaultSigningName = "es"

// Config is the part of the migration console's configuration that a backfill uses.
type Config struct {
	TargetCluster Cluster
	// CoordinatorCluster is the cluster through which the workers divide the work. It is nil if that
	// is the target cluster. See [Config.WorkingStateCluster].
	CoordinatorCluster *Cluster
	// SourceVersion is the version of source_cluster, if the file has one.
	SourceVersion string
	// Snapshot is the snapshot to reindex; nil if the file has none.
	Snapshot *Snapshot
	Backfill Reindex
}

// WorkingStateCluster returns the cluster that has the working state: CoordinatorCluster if it is
// set, and otherwise TargetCluster. Connect Dependencies.WorkingState to it.
func (c Config) WorkingStateCluster() Cluster {
	if c.CoordinatorCluster == nil {
		return c.TargetCluster
	}
	cluster := *c.CoordinatorCluster
	cluster.Section = sectionCoordinator
	return cluster
}

// The sections of the configuration that describe a cluster.
const (
	sectionTarget      = "target_cluster"
	sectionCoordinator = "coordinator_cluster"
)

// clusterSection is a cluster with the section that describes it.
type clusterSection struct {
	name string
	Cluster
}

func (c Config) clusters() []clusterSection {
	clusters := []clusterSection{{sectionTarget, c.TargetCluster}}
	if c.CoordinatorCluster != nil {
		clusters = append(clusters, clusterSection{sectionCoordinator, *c.CoordinatorCluster})
	}
	return clusters
}

// Cluster is the target cluster, or the coordinator cluster.
type Cluster struct {
	// Section is the name of the section that describes the cluster, for errors; "" means
	// target_cluster. Only [Config.WorkingStateCluster] sets it.
	Section  string `json:",omitempty"`
	Endpoint string
	Version  string
	// AllowInsecure disables the verification of the endpoint's certificate, and permits basic
	// authentication over http://, which exposes the password to the network. Without AllowInsecure
	// the latter is refused, except for a loopback address.
	AllowInsecure bool
	// SigV4SigningEndpoint is the endpoint that requests are signed for, if it is not Endpoint.
	SigV4SigningEndpoint string
	// Basic or SigV4 may be set. If neither is, requests are not authenticated.
	Basic *BasicAuth
	SigV4 *SigV4Auth
}

// BasicAuth is either a user name and password, or a reference to a secret that holds both.
type BasicAuth struct {
	Username      string
	Password      Secret
	K8sSecretName string // a Kubernetes Secret in the workflow's namespace
	UserSecretARN string // a secret of AWS Secrets Manager
}

// SigV4Auth signs requests with AWS credentials.
type SigV4Auth struct {
	Region  string
	Service string // defaults to "es"
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
	Endpoint    string // defaults to AWS's own
}

// GCSRepository is a snapshot repository in Google Cloud Storage.
type GCSRepository struct {
	URI      string // such as gs://bucket/path
	Endpoint string // defaults to Google's own
}

// FSRepository is a snapshot repository in a file system.
type FSRepository struct {
	Path string // the folder of the repository
}

// Provider is the kind of workload that runs a backfill.
type Provider string

const (
	// ProviderArgo runs a workflow, ProviderK8s scales an existing Deployment.
	ProviderArgo Provider = "argo"
	ProviderK8s  Provider = "k8s"
	// [New] does not support the following ones.
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
	// Scale is the number of workers that reindex at the same time. It defaults to [DefaultScale].
	Scale int
}

// withDefaults sets the defaults that [ParseConfig] sets.
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
	c.TargetCluster = c.TargetCluster.withDefaults()
	if c.CoordinatorCluster != nil {
		filled := c.CoordinatorCluster.withDefaults()
		c.CoordinatorCluster = &filled
	}
	return c
}

func (c Cluster) withDefaults() Cluster {
	if c.SigV4 != nil {
		c.SigV4 = &SigV4Auth{Region: c.SigV4.Region, Service: cmp.Or(c.SigV4.Service, defaultSigningName)}
	}
	return c
}

// problems returns what is wrong with a configuration that ParseConfig has not checked.
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
	if c.Backfill.Argo != nil {
		problems = append(problems, unusable(reindex.Child("argo", "parameters"), c.Backfill.Argo.Parameters)...)
		problems = append(problems, mappingProblems(reindex.Child("argo", "parameter_mapping"), c.Backfill.Argo.ParameterMapping, maxMapping)...)
	}
	for _, cluster := range c.clusters() {
		problems = append(problems, cluster.insecureProblems()...)
	}
	return problems
}

// DefaultScale is the scale of a configuration that has none.
const DefaultScale = 5

// Argo describes the workflow of [ProviderArgo].
type Argo struct {
	WorkflowTemplate string
	Namespace        string // defaults to [workflow.DefaultNamespace]
	Entrypoint       string // defaults to [DefaultEntrypoint]
	// Parameters are passed to the workflow unchanged, and take precedence over those derived from
	// the rest of the configuration. The template must declare each of them. ParseConfig makes a
	// [Secret] of every value that is secret by its name or its kind, at any depth.
	Parameters map[string]any
	// ParameterMapping is for a template whose parameters have other names than those of bulk-load. A key is
	// the name of a parameter of the template, which must declare it. Its value is the name of a value that
	// follows from the configuration, such as "session-name", or a map of such names, also nested: then the
	// parameter is a JSON object of the values. What has no value is left out. With a mapping, the workflow
	// gets no other derived parameters. Parameters take precedence.
	ParameterMapping map[string]any
	// PlaintextCredentials permits the user names and passwords of the clusters, and secrets among
	// Parameters, to become parameters of the workflow, where everyone who may read workflows can
	// read them. Without it New refuses a configuration with a plain password or a secret anywhere
	// in Parameters. Prefer k8s_secret_name.
	PlaintextCredentials bool
}

// K8s names the Deployment of [ProviderK8s].
type K8s struct {
	Namespace  string
	Deployment string // must exist
}

// DefaultEntrypoint is the entrypoint of a configuration that has none.
const DefaultEntrypoint = "run-bulk-load"
