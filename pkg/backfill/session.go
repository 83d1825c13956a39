package backfill

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// maxSessionLength leaves room in a label of 63 characters for "-reindex-from-snapshot", which
// templates append to a session to name their workloads.
const maxSessionLength = 63 - len("-reindex-from-snapshot")

func sessionProblems(session string) []string {
	problems := validation.IsDNS1123Label(session)
	if len(session) > maxSessionLength {
		problems = append(problems, fmt.Sprintf("must have at most %d characters", maxSessionLength))
	}
	return problems
}

// SessionName returns the name that identifies the backfill: the configured session, or else one
// derived from the snapshot's name, so two backfills of the same snapshot need a configured session
// each. It is a DNS label of at most 41 characters.
func (c Config) SessionName() string {
	if c.Backfill.Session != "" || c.Snapshot == nil {
		return c.Backfill.Session
	}
	return shorten("rfs-"+c.snapshotName(), maxSessionLength)
}

func (c Config) snapshotName() string {
	if c.Backfill.SnapshotName != "" {
		return c.Backfill.SnapshotName
	}
	return c.Snapshot.Name
}

// shorten returns name as a DNS label of at most that many characters. If it has to change the
// name, it appends a hash, so that different names stay different.
func shorten(name string, most int) string {
	label := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	if label == name && len(label) <= most && !strings.HasSuffix(label, "-") {
		return label
	}
	sum := sha256.Sum256([]byte(name))
	suffix := "-" + hex.EncodeToString(sum[:4])
	return strings.TrimRight(label[:min(len(label), most-len(suffix))], "-") + suffix
}
