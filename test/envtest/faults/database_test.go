package faults_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

const (
	// answerWithin is the timeout of the clients' statements, less than a database is paused for.
	answerWithin = 4 * time.Second
	// connections is how many the clients of a scene share.
	connections = 12

	// A version of nodes that was replaced is collected after keepNodes, as often as collectEvery says. A slow
	// reader asks for each version later than that. The controller's default is 5 minutes for both.
	keepNodes, collectEvery = 3 * time.Second, 500 * time.Millisecond
	slowBy                  = 5 * time.Second
)

// These specs kill a database, and with one the controller takes longer for each workflow. So each database is
// that of a cluster of its own, whose controller archives everything, and offloads all nodes.
var _ = Describe("waits, starts and decisions go on", func() {
	for _, kind := range form([]envtest.Database{envtest.PostgreSQL}, []envtest.Database{envtest.PostgreSQL, envtest.MariaDB}) {
		Describe("with Argo's database in "+string(kind), Ordered, ContinueOnFailure, first, func() { describeDatabase(kind) })
	}
})

func describeDatabase(kind envtest.Database) {
	var (
		own *envtest.Cluster
		db  *sql.DB
		s   *scene
	)
	BeforeAll(func(ctx SpecContext) {
		if why := envtest.DatabaseLacks(kind); why != "" {
			text := "skipped: faults of " + string(kind) + ": " + why
			Expect(os.Getenv("NO_SKIPS")).To(BeEmpty(), text)
			Skip(text)
		}
		var err error
		own, err = envtest.Start(ctx, envtest.Options{Database: kind, AlwaysOffload: true})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(own.Stop()).To(Succeed()) })
		db, err = own.Database().Open()
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(db.Close)
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(connections)
	}, NodeTimeout(startTimeout))

	BeforeEach(func(ctx SpecContext) {
		use(own, nil)
		configuration, err := argodb.FromConfigMap(ctx, dyn, envtest.ArgoNamespace, argodb.DefaultConfigMap)
		Expect(err).NotTo(HaveOccurred())
		configuration.Options.Timeout = answerWithin
		database, err = argodb.New(db, configuration.Options)
		Expect(err).NotTo(HaveOccurred())
		s = newScene(ctx)
		s.closeLater(func() { // idle connections of some drivers have goroutines
			db.SetMaxIdleConns(0)
			db.SetMaxIdleConns(connections)
		})
	}, NodeTimeout(soon))

	It("while it is killed and restarted", func(ctx SpecContext) {
		callers := []*caller{s.caller(cluster.Config(), nil), s.caller(cluster.Config(), nil)}
		rounds := form(2, 8)
		d := s.prepareDecisions(ctx, callers, rounds, true)
		trial{
			fault:   fmt.Sprintf("Argo's database (%s) killed and restarted", kind),
			rounds:  rounds,
			callers: callers,
			inject: func(ctx context.Context, r round) {
				r.begin()
				d.begin(ctx)
				Expect(cluster.Kill(ctx, envtest.PartDatabase)).To(Succeed())
				hold(ctx, time.Second) // so that all requests are sent during the outage
				Expect(cluster.Restart(ctx, envtest.PartDatabase)).To(Succeed())
				if r.last { // it doesn't look again at all that it could not read or store
					Expect(cluster.Restart(ctx, envtest.PartWorkflowController)).To(Succeed())
				}
			},
			spoils: true,
			also:   func(ctx context.Context, _ *load, v *verdict) { d.judge(ctx, v) },
		}.run(ctx, s)
	}, SpecTimeout(15*time.Minute))

	It("while it is paused", func(ctx SpecContext) {
		DeferCleanup(func() { Expect(own.Continue(envtest.PartDatabase)).To(Succeed()) })
		callers := []*caller{s.caller(cluster.Config(), nil), s.caller(cluster.Config(), nil)}
		rounds := form(1, 3)
		d := s.prepareDecisions(ctx, callers, rounds, false)
		trial{
			fault:   fmt.Sprintf("Argo's database (%s) paused for 10 s", kind),
			rounds:  rounds,
			callers: callers,
			inject: func(ctx context.Context, r round) {
				r.start()
				Expect(cluster.Pause(envtest.PartDatabase)).To(Succeed())
				r.end()
				d.begin(ctx)
				hold(ctx, pause)
				expectNoAnswer(ctx, db)
				Expect(cluster.Continue(envtest.PartDatabase)).To(Succeed())
			},
			also: func(ctx context.Context, _ *load, v *verdict) { d.judge(ctx, v) },
		}.run(ctx, s)
	}, SpecTimeout(15*time.Minute))

	It("while workflows are archived and deleted", func(ctx SpecContext) {
		Expect(cluster.Compact(ctx)).To(Succeed())
		var forgotten atomic.Bool
		proxy := s.answers(faults.AnswersOptions{Request: func(r *http.Request) {
			query := r.URL.Query()
			if version := query.Get("resourceVersion"); forgotten.Load() && faults.IsWatch(r) && version != "" && version != "0" {
				query.Set("resourceVersion", "1") // so that no watch shows what the client has missed
				r.URL.RawQuery = query.Encode()
			}
		}})
		line := s.line(proxy.Config())
		c := s.caller(proxy.Config(), line)
		collected, waits := 0, form(40, 300)
		stop := func() int { return 0 }
		var late *verdict
		trial{
			fault:   fmt.Sprintf("workflows archived and deleted while the line was down (%s)", kind),
			waits:   waits,
			starts:  form(20, 100),
			callers: []*caller{c},
			inject: func(ctx context.Context, r round) {
				line.Down()
				r.end()
				collected = s.collect(ctx)
				forgotten.Store(true)
				Expect(line.Up()).To(Succeed())
				r.ended(ctx)
				forgotten.Store(false)
				late = s.waitLate(ctx, c)
				stop = s.collectOn(ctx)
				r.start()
			},
			restore:  func(context.Context) { collected += stop() },
			injected: func() int { return collected },
			also: func(_ context.Context, l *load, v *verdict) {
				for _, w := range l.waits[:waits] {
					if w.ending != deleted && (w.state == nil || w.state.Source != status.SourceHistory) {
						v.wrong("wait for %s did not end with what the archive has", w.name)
					}
				}
				v.add(late)
			},
		}.run(ctx, s)
	}, SpecTimeout(15*time.Minute))

	It("while rows of nodes are collected under a slow reader", func(ctx SpecContext) {
		Expect(own.SetControllerEnv(
			fmt.Sprint("OFFLOAD_NODE_STATUS_TTL=", keepNodes), fmt.Sprint("WORKFLOW_GC_PERIOD=", collectEvery))).To(Succeed())
		Expect(own.Restart(ctx, envtest.PartWorkflowController)).To(Succeed())
		late := &lateNodes{NodeStore: s.database}
		opts := s.options()
		opts.NodeStore = late
		slow := s.callerWith(cluster.Config(), nil, opts)
		n := form(8, 60)
		v := &verdict{Row: faults.Row{Fault: fmt.Sprintf("rows of offloaded nodes (%s) collected under a slow reader", kind), InFlight: 3 * n}}
		each(n, func(int) { s.decideLate(ctx, slow, v) })
		v.Injected = int(late.gone.Load())
		Expect(v.Injected).To(BeNumerically(">=", n), "rows that were gone")
		s.leave(ctx)
		enter(v)
	}, SpecTimeout(15*time.Minute))
}

// expectNoAnswer expects that the database does not answer.
func expectNoAnswer(ctx context.Context, db *sql.DB) {
	GinkgoHelper()
	short, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	Expect(db.PingContext(short)).NotTo(Succeed())
}

// lateNodes reads nodes late.
type lateNodes struct {
	workflow.NodeStore

	gone atomic.Int64 // reads of rows that were collected
}

func (s *lateNodes) Nodes(ctx context.Context, ref workflow.NodesRef) ([]byte, error) {
	if !sleep(ctx, slowBy) {
		return nil, context.Cause(ctx)
	}
	nodes, err := s.NodeStore.Nodes(ctx, ref)
	if errors.Is(err, workflow.ErrNodesGone) {
		s.gone.Add(1)
	}
	return nodes, err
}

// decideLate waits, decides and watches by a slow reader.
func (s *scene) decideLate(ctx context.Context, slow *caller, v *verdict) {
	started, err := s.steer.Start(ctx, workflow.StartRequest{Template: "changing"})
	if v.failed("start", err) {
		return
	}
	name := started.Name
	if _, err := slow.Wait(ctx, name, waitsAt("approve")); v.failed(name, err) {
		return
	}
	approved, err := slow.Approve(ctx, name, workflow.Decision{Gates: []string{"approve"}, Outputs: map[string]any{"by": "late"}})
	if v.failed(name, err) {
		return
	}
	if len(approved.Gates) != 1 {
		v.lost("%s: %d gates were approved", name, len(approved.Gates))
	}
	var last *status.WorkflowStatus
	for state, err := range slow.Watch(ctx, name) {
		if v.failed(name, err) || v.failed(name, state.NodesErr) {
			return
		}
		last = state
	}
	final, err := s.steer.Get(ctx, name)
	switch {
	case v.failed(name, err) || v.failed(name, final.NodesErr):
	case last == nil || !final.Completed():
		v.lost("watch of %s, which %s", name, describe(final))
	case last.Outcome() != status.OutcomeSucceeded || final.Outcome() != last.Outcome() || len(final.Nodes) != len(last.Nodes):
		v.wrong("watch of %s: it ended with %s and %d nodes, the workflow %s and has %d",
			name, last.Outcome(), len(last.Nodes), describe(final), len(final.Nodes))
	default:
		if by, _ := final.OutputParameter(status.NodeNamed("approve"), "by"); by != "late" {
			v.wrong("%s was approved by %q", name, by)
		}
	}
}
