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
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/faults"
)

const (
	// tableFile in the environment names a file for the table.
	tableFile = "FAULTS_TABLE"

	startTimeout = 8 * time.Minute
	// soon is for what takes the cluster a moment, on a busy machine as well.
	soon      = 90 * time.Second
	tailLines = 40
)

// The cluster that the specs share, its administrator's clients, and the table they fill. Specs run
// in several processes. The parts of the cluster can be killed, paused and restarted in a spec that is
// Serial, for which all others have ended, and nowhere else.
var (
	cluster *envtest.Cluster
	kube    kubernetes.Interface
	dyn     dynamic.Interface
	table   entries

	// owned is the cluster in the process that has started it, joined is it as all others have it.
	owned, joined *envtest.Cluster
)

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

// The first process starts the cluster; the others join it, and it stops after their ends.
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
	if owned == nil { // the first process looks after the cluster's end
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

// first has slow specs begin before the others, so that none is left to run alone at the end.
const first = SpecPriority(1)

// rowEntry is the name of the report entries that are rows of the table.
const rowEntry = "row of the table"

// noteEntry is the name of the report entries that are lines below the table.
const noteEntry = "note"

// entries is the table while the specs run: each row is an entry of its spec's report, which comes to
// the first process whichever runs the spec.
type entries struct{}

func (entries) Add(r faults.Row) { AddReportEntry(rowEntry, r, ReportEntryVisibilityNever) }

// tableOf is the table that the specs have filled.
func tableOf(report Report) (*faults.Table, error) {
	var all faults.Table
	for _, spec := range report.SpecReports {
		for _, entry := range spec.ReportEntries {
			if entry.Name != rowEntry {
				continue
			}
			text, err := json.Marshal(entry.Value.GetRawValue()) // of another process it is no Row any more
			if err != nil {
				return nil, err
			}
			var row faults.Row
			if err := json.Unmarshal(text, &row); err != nil {
				return nil, err
			}
			all.Add(row)
		}
	}
	return &all, nil
}

// note adds a line below the table.
func note(format string, args ...any) {
	AddReportEntry(noteEntry, fmt.Sprintf(format, args...), ReportEntryVisibilityAlways)
}

// notesOf are the lines below the table.
func notesOf(report Report) []string {
	var notes []string
	for _, spec := range report.SpecReports {
		for _, entry := range spec.ReportEntries {
			if entry.Name == noteEntry {
				notes = append(notes, entry.StringRepresentation())
			}
		}
	}
	return notes
}

var _ = ReportAfterSuite("table", func(report Report) {
	all, err := tableOf(report)
	Expect(err).NotTo(HaveOccurred())
	var text strings.Builder
	fmt.Fprintf(&text, "Printed on %s, on %d cores, after %.0f minutes:\n\n",
		report.StartTime.UTC().Format(time.DateOnly), runtime.NumCPU(), time.Since(report.StartTime).Minutes())
	Expect(all.Fprint(&text)).To(Succeed())
	for i, line := range notesOf(report) {
		if i == 0 {
			fmt.Fprintln(&text)
		}
		fmt.Fprintln(&text, "-", line)
	}
	fmt.Print(text.String())
	if path := os.Getenv(tableFile); path != "" {
		Expect(os.WriteFile(path, []byte(text.String()), 0o600)).To(Succeed())
	}
})
