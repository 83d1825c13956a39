package faults_test

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

const (
	// tableFile is an environment variable with the name of a file for the table.
	tableFile = "FAULTS_TABLE"

	startTimeout = 8 * time.Minute
	// soon is a timeout for short actions of the cluster, even on a busy machine.
	soon      = 90 * time.Second
	tailLines = 40
)

// The specs share the cluster and its administrator's clients. They run in several processes. Only
// a Serial spec, for which all others have ended, may kill, pause or restart parts of the cluster.
var (
	cluster *envtest.Cluster
	kube    kubernetes.Interface
	dyn     dynamic.Interface

	// owned is the cluster in the process that has started it. joined is the same cluster in all
	// processes.
	owned, joined *envtest.Cluster

	// database is that of the cluster, or nil. Only clusters of single specs have one.
	database *argodb.Database
)

// use makes the running spec act on a cluster of its own.
func use(own *envtest.Cluster, db *argodb.Database) {
	GinkgoHelper()
	sharedKube, sharedDyn := kube, dyn
	var err error
	kube, err = kubernetes.NewForConfig(own.Config())
	Expect(err).NotTo(HaveOccurred())
	dyn, err = dynamic.NewForConfig(own.Config())
	Expect(err).NotTo(HaveOccurred())
	cluster, database = own, db
	DeferCleanup(func() { kube, dyn, database = sharedKube, sharedDyn, nil }) // cluster is set before each spec
}

func TestMain(m *testing.M) {
	leash.Main()
	if work := os.Getenv(asStarter); work != "" {
		if err := startAll(work); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if !long() {
		lookSooner()
	}
	os.Exit(m.Run())
}

func TestFaults(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(soon)
	EnforceDefaultTimeoutsWhenUsingContexts()
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	RunSpecs(t, "faults")
}

// The first process starts the cluster, and stops it after the others have ended. The others join
// it.
var _ = SynchronizedBeforeSuite(func(ctx SpecContext) []byte {
	before := goleak.IgnoreCurrent()
	var err error
	owned, err = envtest.Start(ctx, envtest.Options{Progress: func(step string) { GinkgoLogr.Info(step) }})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		Expect(owned.Stop()).To(Succeed())
		Expect(goleak.Find(append(ofToxiproxy(), before)...)).To(Succeed())
	})
	invitation, err := owned.Invitation()
	Expect(err).NotTo(HaveOccurred())
	return invitation
}, func(_ SpecContext, invitation []byte) {
	before := goleak.IgnoreCurrent()
	var err error
	joined, err = envtest.Join(invitation)
	Expect(err).NotTo(HaveOccurred())
	kube, err = kubernetes.NewForConfig(joined.Config())
	Expect(err).NotTo(HaveOccurred())
	dyn, err = dynamic.NewForConfig(joined.Config())
	Expect(err).NotTo(HaveOccurred())
	if owned == nil { // only the first process stops the cluster
		DeferCleanup(func() {
			Expect(goleak.Find(slices.Concat(ofTheCluster(), ofToxiproxy(), []goleak.Option{before})...)).To(Succeed())
		})
	}
}, NodeTimeout(startTimeout))

var _ = BeforeEach(func() {
	suite, _ := GinkgoConfiguration()
	cluster = joined
	if CurrentSpecReport().IsSerial || suite.ParallelTotal == 1 {
		cluster = owned
	}
})

var _ = AfterEach(func() {
	if CurrentSpecReport().Failed() {
		AddReportEntry("ends of the cluster's logs", cluster.LogTails(tailLines))
	}
})

// first makes slow specs begin before the others, so that none runs alone at the end.
const first = SpecPriority(1)

// While the specs run, the table consists of entries in their reports. The reports of all processes
// are sent to the first one.
const (
	rowEntry  = "row of the table"
	noteEntry = "note" // a line below the table
)

// addRow adds a row to the table.
func addRow(r faults.Row) { AddReportEntry(rowEntry, r, ReportEntryVisibilityNever) }

// note adds a line below the table.
func note(format string, args ...any) {
	AddReportEntry(noteEntry, fmt.Sprintf(format, args...), ReportEntryVisibilityAlways)
}

// entriesOf returns the entries with the given name in the reports of all specs.
func entriesOf(report Report, name string) types.ReportEntries {
	var named types.ReportEntries
	for _, spec := range report.SpecReports {
		for _, entry := range spec.ReportEntries {
			if entry.Name == name {
				named = append(named, entry)
			}
		}
	}
	return named
}

// tableOf returns the table of the specs' rows.
func tableOf(report Report) (faults.Table, error) {
	var all faults.Table
	for _, entry := range entriesOf(report, rowEntry) {
		text, err := json.Marshal(entry.GetRawValue()) // an entry of another process is not a Row
		if err != nil {
			return nil, err
		}
		var row faults.Row
		if err := json.Unmarshal(text, &row); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, nil
}

var _ = ReportAfterSuite("table", func(report Report) {
	all, err := tableOf(report)
	Expect(err).NotTo(HaveOccurred())
	var text strings.Builder
	fmt.Fprintf(&text, "Printed on %s, on %d cores, after %.0f minutes:\n\n",
		report.StartTime.UTC().Format(time.DateOnly), runtime.NumCPU(), time.Since(report.StartTime).Minutes())
	Expect(all.Fprint(&text)).To(Succeed())
	for i, entry := range entriesOf(report, noteEntry) {
		if i == 0 {
			fmt.Fprintln(&text)
		}
		fmt.Fprintln(&text, "-", entry.StringRepresentation())
	}
	fmt.Print(text.String())
	if path := os.Getenv(tableFile); path != "" {
		Expect(os.WriteFile(path, []byte(text.String()), 0o600)).To(Succeed())
	}
})
