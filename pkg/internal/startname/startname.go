package startname

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// GeneratedLength is the length of the random part that the API server adds to a generateName.
const GeneratedLength = 5

// Given returns the name that a request determines: its name, or one made of its idempotency key. It
// returns "" if the request has neither, so that a random name is made.
func Given(name, key string) string {
	if name == "" && key != "" {
		return OfKey(key)
	}
	return name
}

// OfKey returns the name that is made of a key. It contains nothing of the request: two processes
// that use a key for different requests claim the same name, and the API server accepts only one.
func OfKey(key string) string { return "key-" + KeyHash(key) }

// KeyHash identifies a key in names and labels: 120 bits, as 24 lower-case letters and digits. The
// key is hashed first. HMAC pads its keys, so "k" and "k\x00" would otherwise be equal.
func KeyHash(key string) string {
	secret := sha256.Sum256([]byte(key))
	h := hmac.New(sha256.New, secret[:])
	h.Write([]byte("key"))
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)[:15]))
}

// OfManifest returns what a name for a manifest's workflow is made of. name is the one that the
// request gives.
func OfManifest(manifest *unstructured.Unstructured, name string) string {
	return cmp.Or(strings.TrimRight(manifest.GetGenerateName(), ".-"), manifest.GetName(), name)
}

// OfCopy returns what a name for a copy of a workflow is made of: the workflow's name without a
// suffix that looks random.
func OfCopy(name string) string {
	const alphabet = "bcdfghjklmnpqrstvwxz2456789" // of k8s.io/apimachinery's util/rand
	if at := len(name) - GeneratedLength - 1; at > 0 && name[at] == '-' && strings.Trim(name[at+1:], alphabet) == "" {
		return name[:at]
	}
	return name
}

// Random returns a random name that begins with base.
func Random(base string) string { return Prefix(base) + rand.String(GeneratedLength) }

// Prefix returns base with a dash, cut off so that a random part fits behind it.
func Prefix(base string) string {
	if most := naming.MaxLength - GeneratedLength - 1; len(base) > most {
		base = base[:most]
	}
	return strings.TrimRight(base, ".-") + "-"
}
