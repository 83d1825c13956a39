package opensearch_test

import (
	"os"
	"testing"

	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
)

// specs hold on every server.
var specs = map[string]func(*testing.T, *place){
	"counts of the reference":             countsOfTheReference,
	"each clause of the counts":           eachClauseOfTheCounts,
	"more than 10,000 items":              manyItems,
	"no index":                            noIndex,
	"size with what was written before":   sizeOfWhatWasWritten,
	"every document once":                 everyDocumentOnce,
	"restore twice":                       restoreTwice,
	"restore what the cluster refuses":    restoreRefused,
	"restore until the documents fail":    restoreUntilAnError,
	"restore nothing":                     restoreNothing,
	"restore into an index that is there": restoreIntoAnIndex,
	"delete":                              deleteIndex,
	"no reader is left":                   noReaderIsLeft,
	"a reader kept too long":              readerKeptTooLong,
	"a page is lost":                      pageIsLost,
	"many shards are read":                manyShardsAreRead,
	"deleted while it is read":            deletedWhileReading,
	"unassigned":                          unassigned,
	"assigned in the meantime":            assignedMeanwhile,
	"blocked index":                       blockedIndex,
	"blocked cluster":                     blockedCluster,
	"restore into a busy cluster":         restoreIntoABusyCluster,
	"restore into many shards":            restoreIntoManyShards,
}

// realSpecs are about what only a real server does.
var realSpecs = map[string]func(*testing.T, *place){
	"a million documents":         aMillionDocuments,
	"killed while it is read":     killedWhileReading,
	"killed while it is filled":   killedWhileRestoring,
	"one of two nodes lost":       nodeLost,
	"a full queue of writes":      fullQueue,
	"no node for the shard":       noNodeForTheShard,
	"closed while it is read":     closedWhileReading,
	"blocked while it is read":    blockedWhileReading,
	"aliased":                     aliased,
	"least permissions":           leastPermissions,
	"a password is rotated":       rotatedPassword,
	"what is forbidden is hidden": forbiddenIsHidden,
}

// The versions that the double stands for: with the points in time of OpenSearch, with those of Elasticsearch, and
// without.
var versions = []string{double.DefaultVersion, "7.17.29", "1.3.20"}

func TestOnTheDouble(t *testing.T) {
	for _, version := range versions {
		for name, spec := range specs {
			if name == "more than 10,000 items" && version != double.DefaultVersion {
				continue // it takes seconds, and shows the same
			}
			t.Run(version+", "+name, func(t *testing.T) {
				p, cluster := onDouble(t, ofVersion(version))
				spec(t, p)
				if open := readers(cluster); open != 0 {
					t.Errorf("%d readers are left", open)
				}
			})
		}
	}
}

func TestOnARealServer(t *testing.T) {
	if os.Getenv(realServer) == "" {
		t.Skipf("%s is not set: NOTHING is tested on a real server", realServer)
	}
	for name, spec := range specs {
		t.Run(name, func(t *testing.T) { spec(t, onReal(t)) })
	}
	for name, spec := range realSpecs {
		t.Run(name, func(t *testing.T) { spec(t, onReal(t)) })
	}
}
