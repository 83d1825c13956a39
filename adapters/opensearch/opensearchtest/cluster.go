package opensearchtest

import (
	"net/http"
	"sync"
)

// DefaultVersion is the version that the cluster says it is.
const DefaultVersion = "2.19.1"

// Options say what the cluster demands. The zero value lets everybody in.
type Options struct {
	// Username and Password are demanded by basic authentication, if there is a Username.
	Username, Password string
	// SigV4 demands signed requests; nil: it doesn't.
	SigV4 *SigV4
	// Version is what the cluster says it is; default [DefaultVersion]. It decides how the cluster makes
	// points in time: as OpenSearch from 2.4, as Elasticsearch from 7.11, or not at all.
	Version string
}

// Cluster is a double of an OpenSearch cluster. It is an [http.Handler]; [Cluster.Serve] gives it
// an address. Its methods can be called by several goroutines at once, also while it serves.
type Cluster struct {
	mu       sync.Mutex // for all that is below
	options  Options
	indices  map[string]*index
	scrolls  map[string]*scroll
	pits     map[string]*pointInTime
	settings settings
	numbers  int64 // given out so far, for what needs a name or an order
	faults   []*fault
	requests []Request
	reject   func(index, id string) *Rejection
}

var _ http.Handler = (*Cluster)(nil)

// New makes a cluster without indices.
func New(opts Options) *Cluster {
	if opts.Version == "" {
		opts.Version = DefaultVersion
	}
	return &Cluster{options: opts, indices: map[string]*index{}, scrolls: map[string]*scroll{}, pits: map[string]*pointInTime{}, settings: settings{}}
}

// SetCredentials changes what basic authentication demands, as when a secret is rotated.
func (c *Cluster) SetCredentials(username, password string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.options.Username, c.options.Password = username, password
}

// number gives out numbers that grow.
func (c *Cluster) number() int64 {
	c.numbers++
	return c.numbers
}
