package faults_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// hostile is a malicious workflow in text form, because no encoder would write some of it.
type hostile struct {
	name     string
	metadata string // members beside name and namespace; "" means those of a usual object
	spec     string
	status   string
	// undecodable means that no JSON decoder accepts it, so it cannot be an item of a list.
	undecodable bool
	// slow means that reading it takes seconds with the race detector, so less is done with it.
	// slowest means that the short form does nothing with it.
	slow, slowest bool
}

const usualSpec = `{"entrypoint":"main","templates":[{"name":"main","suspend":{}}]}`

// storable returns the objects that the API server stores.
func storable() []hostile {
	const mega = 1 << 20
	return []hostile{
		{name: "cyclic", spec: usualSpec, status: `{"phase":"Running","nodes":{` +
			`"cyclic":{"id":"cyclic","name":"cyclic","displayName":"cyclic","type":"Steps","phase":"Running","children":["b","cyclic"]},` +
			`"b":{"id":"b","name":"cyclic[0].b","type":"Suspend","phase":"Running","boundaryID":"b","children":["cyclic","b","nowhere"]}}}`},
		{name: "large", slow: true, spec: usualSpec, status: packed(manyNodes("large", 10*mega), "", 0, "")},
		{name: "bomb-of-blanks", slow: true, spec: usualSpec, status: packed(`{`, strings.Repeat(" ", mega), 1000, `}`)},
		{name: "bomb-of-nodes", slowest: true, spec: usualSpec,
			status: packed(`{"a":{}`, strings.Repeat(`,"a":{}`, mega/7), 500, `}`)},
		{name: "no-utf-8", spec: usualSpec, status: `{"phase":"Running","message":"` + "\xff\xfe\x00"[:2] + `","nodes":{"` + "\xc3\x28" +
			`":{"id":"` + "\xc3\x28" + `","name":"` + "\xa0\xa1" + `","type":"Suspend","phase":"Running"}}}`},
		{name: "deep-tree", spec: usualSpec, status: packed(chain("deep-tree", 10_000), "", 0, "")},
		{name: "not-packed", spec: usualSpec, status: `{"phase":"Running","compressedNodes":"this is no base64 &&&"}`},
	}
}

// loose returns the objects that the API server stores with minimal definitions only.
func loose() []hostile {
	return []hostile{
		{name: "deep-values", spec: usualSpec, status: `{"phase":"Running","deep":` + nested(`[`, 9_000, `]`) + `}`},
		{name: "wrong-types", spec: `{"entrypoint":7,"templates":"none","arguments":[1],"suspend":"yes","shutdown":5,"workflowTemplateRef":[]}`,
			status: `{"phase":{"is":1},"startedAt":12,"finishedAt":[],"progress":{},"nodes":[1,2],"compressedNodes":5,"message":[],` +
				`"conditions":"none","outputs":3,"resourcesDuration":[],"storedTemplates":1,"offloadNodeStatusVersion":false}`},
		{name: "wrong-nodes", spec: usualSpec, status: `{"phase":"Running","nodes":{"a":5,"b":null,"c":{"id":1,"name":[],"type":{},"phase":3,` +
			`"children":"x","outputs":[],"startedAt":{},"inputs":{"parameters":{"a":1}}},"d":{"type":"Suspend","phase":"Running","children":[{},null,7]}}}`},
	}
}

// foreign returns the objects that no API server sends but a proxy might.
func foreign() []hostile {
	const mega = 1 << 20
	return []hostile{
		{name: "large-inline", slow: true, spec: usualSpec, status: `{"phase":"Running","nodes":` + manyNodes("large-inline", 10*mega) + `}`},
		{name: "bomb-of-gigabytes", slowest: true, spec: usualSpec,
			status: packed(`{`, strings.Repeat(" ", mega), 4000, `}`)},
		{name: "wrong-metadata", metadata: `"labels":[1],"annotations":"none","creationTimestamp":{},"ownerReferences":7,"generation":"x","managedFields":{}`,
			spec: `[]`, status: `"Running"`},
		{name: "raw-bytes", spec: usualSpec, status: `{"phase":"Running","message":"` + "\xff\xfe" + `"}`},
		{name: "too-deep", spec: usualSpec, status: `{"phase":"Running","deep":` + nested(`{"a":`, 50_000, `}`) + `}`, undecodable: true},
		{name: "cut-off", spec: usualSpec, status: `{"phase":"Running","nodes":{`, undecodable: true},
	}
}

// text returns the object as JSON, valid or not. usual is the metadata that is used if the object
// has none.
func (h hostile) text(namespace, usual string) string {
	metadata := h.metadata
	if metadata == "" {
		metadata = usual
	}
	return fmt.Sprintf(`{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{"name":%q,"namespace":%q,%s},"spec":%s,"status":%s}`,
		h.name, namespace, metadata, h.spec, h.status)
}

// nested returns a value nested to the given number of levels.
func nested(begin string, levels int, end string) string {
	middle := ""
	if strings.HasSuffix(begin, ":") {
		middle = "1"
	}
	return strings.Repeat(begin, levels) + middle + strings.Repeat(end, levels)
}

// manyNodes returns the JSON of nodes of one kilobyte each, with the given total size.
func manyNodes(name string, size int) string {
	message := strings.Repeat("m", 1024)
	var b strings.Builder
	fmt.Fprintf(&b, `{%q:{"id":%q,"name":%q,"type":"Steps","phase":"Running"}`, name, name, name)
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `,"n%d":{"id":"n%d","name":"%s.n%d","type":"Pod","phase":"Running","boundaryID":%q,"message":%q}`, i, i, name, i, name, message)
	}
	b.WriteByte('}')
	return b.String()
}

// chain returns the JSON of nodes that are each the child of the previous one.
func chain(name string, levels int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{%q:{"id":%q,"name":%q,"type":"Steps","phase":"Running","children":["n0"]}`, name, name, name)
	for i := range levels {
		fmt.Fprintf(&b, `,"n%d":{"id":"n%d","name":"%s.n%d","type":"Steps","phase":"Running","boundaryID":"%s","children":["n%d"]}`, i, i, name, i, name, i+1)
	}
	b.WriteByte('}')
	return b.String()
}

// packed returns the JSON of a status with compressed nodes: a text with a repeated middle. It
// never holds the whole text, because a gzip file may consist of concatenated parts.
func packed(begin, piece string, times int, end string) string {
	GinkgoHelper()
	data := slices.Concat(zipped(begin), bytes.Repeat(zipped(piece), times), zipped(end))
	return `{"phase":"Running","compressedNodes":"` + base64.StdEncoding.EncodeToString(data) + `"}`
}

func zipped(text string) []byte {
	GinkgoHelper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	Expect(err).NotTo(HaveOccurred())
	_, err = z.Write([]byte(text))
	Expect(err).NotTo(HaveOccurred())
	Expect(z.Close()).To(Succeed())
	return b.Bytes()
}
