package opensearch_test

import (
	"os"
	"testing"
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
	"no scroll is left":                   noScrollIsLeft,
	"a scroll kept too long":              scrollKeptTooLong,
	"deleted while it is read":            deletedWhileReading,
	"blocked index":                       blockedIndex,
	"blocked cluster":                     blockedCluster,
	"restore into a busy cluster":         restoreIntoABusyCluster,
	"restore into many shards":            restoreIntoManyShards,
}

// realSpecs are about what only a real server does.
var realSpecs = map[string]func(*testing.T, *place){
	"a million documents":       aMillionDocuments,
	"killed while it is read":   killedWhileReading,
	"killed while it is filled": killedWhileRestoring,
	"one of two nodes lost":     nodeLost,
	"a full queue of writes":    fullQueue,
	"no node for the shard":     noNodeForTheShard,
	"closed while it is read":   closedWhileReading,
	"blocked while it is read":  blockedWhileReading,
	"aliased":                   aliased,
	"least permissions":         leastPermissions,
	"a password is rotated":     rotatedPassword,
}

func TestOnTheDouble(t *testing.T) {
	for name, spec := range specs {
		t.Run(name, func(t *testing.T) {
			p, cluster := onDouble(t)
			spec(t, p)
			if open := cluster.OpenScrolls(); open != 0 {
				t.Errorf("%d scrolls are left", open)
			}
		})
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
