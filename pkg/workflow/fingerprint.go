package workflow

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// keySecret is derived from an idempotency key. It is the key of the HMACs that a workflow keeps,
// so that only a reader that can guess the idempotency key can check a guess of a value.
type keySecret [sha256.Size]byte

// newKeySecret hashes the key first. HMAC pads its keys, so "k" and "k\x00" would otherwise be
// equal.
func newKeySecret(key string) keySecret { return sha256.Sum256([]byte(key)) }

func (s keySecret) mac(purpose string, parts ...string) []byte {
	h := hmac.New(sha256.New, s[:])
	h.Write([]byte(purpose))
	for _, part := range parts { // all but the last have a fixed length or no NUL
		h.Write([]byte{0})
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

// fingerprint is what a workflow records about the request that created it.
type fingerprint struct {
	// Request is an HMAC of all fields. It alone decides whether two requests are the same.
	Request string `json:"request,omitempty"`
	// Fields has an HMAC of each field, so that an error can name those that differ.
	Fields map[string]string `json:"fields,omitempty"`
	// Omitted is the number of fields that did not fit into Fields.
	Omitted int `json:"omitted,omitempty"`
}

// maxFingerprint is the maximum size of Fields in bytes. The limit of etcd is for the whole
// workflow.
const maxFingerprint = 8 << 10

// fingerprint returns the fingerprint of a request's fields, by name. Fields that are not set must
// be omitted, so that a field that a later version of this library adds does not change the
// fingerprints of existing requests.
func (s keySecret) fingerprint(fields map[string]string) fingerprint {
	const fieldBytes = 8 // enough to name what differs; Request decides
	f := fingerprint{Fields: map[string]string{}}
	var all strings.Builder
	size := 0
	for _, name := range sortedFields(fields) {
		mac := s.mac("field", name, fields[name])
		all.WriteString(name + "\x00" + string(mac))
		short := base64.RawURLEncoding.EncodeToString(mac[:fieldBytes])
		if size += len(name) + len(short) + len(`"":"",`); size > maxFingerprint {
			f.Omitted++
			continue
		}
		f.Fields[name] = short
	}
	f.Request = base64.RawURLEncoding.EncodeToString(s.mac("request", all.String())[:16])
	return f
}

// sortedFields returns the names with parameters last, since there can be many of them.
func sortedFields(fields map[string]string) []string {
	return slices.SortedFunc(maps.Keys(fields), func(a, b string) int {
		if inA, inB := strings.Contains(a, "["), strings.Contains(b, "["); inA != inB {
			if inA {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	})
}

// differences returns the fields in which two requests differ, as far as the fingerprints show.
func (f fingerprint) differences(other fingerprint) []string {
	either := maps.Clone(f.Fields)
	maps.Copy(either, other.Fields)
	return slices.DeleteFunc(sortedFields(either), func(name string) bool {
		mine, inMine := f.Fields[name]
		theirs, inTheirs := other.Fields[name]
		if !inMine && f.Omitted > 0 || !inTheirs && other.Omitted > 0 {
			return true // it may be among the omitted fields
		}
		return mine == theirs && inMine == inTheirs
	})
}

// requestFields returns the fields of a request that determine the workflow. It leaves out those
// that only affect checks (SkipTemplateCheck, AllowUnknownParameters, DryRun), IfExists, and the
// workflow's name, which the claim records separately. It also leaves out fields with their zero
// value, but not a parameter that is set to "".
func (c *WorkflowClient) requestFields(req StartRequest, args spec.Arguments) (map[string]string, error) {
	fields := map[string]string{
		"template": req.Template, "cronWorkflow": req.CronWorkflow, "manifest": string(req.Manifest),
		"entrypoint": req.Entrypoint, "serviceAccount": req.ServiceAccount, "instanceID": c.instanceID,
	}
	if req.ClusterScope {
		fields["clusterScope"] = "true"
	}
	for name, entries := range map[string]map[string]string{"labels": req.Labels, "annotations": req.Annotations} {
		if len(entries) == 0 {
			continue
		}
		encoded, err := json.Marshal(entries) // sorts the keys
		if err != nil {
			return nil, err
		}
		fields[name] = string(encoded)
	}
	if len(req.Spec) > 0 {
		own, err := spec.Copy(req.Spec) // so that the Go types of values make no difference
		if err != nil {
			return nil, err
		}
		encoded, err := json.Marshal(own)
		if err != nil {
			return nil, err
		}
		fields["spec"] = string(encoded)
	}
	maps.DeleteFunc(fields, func(_, value string) bool { return value == "" })
	for name, value := range args.Required {
		fields["parameters["+name+"]"] = value
	}
	for name, value := range args.Optional {
		fields["optionalParameters["+name+"]"] = value
	}
	return fields, nil
}
