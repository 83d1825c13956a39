package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// packedText is text that repeats itself, compressed as small as a hostile writer would. A gzip file
// may be several, one behind the other.
type packedText struct {
	gzip  []byte
	plain int // bytes
}

func (p *packedText) add(text string) {
	p.gzip, p.plain = append(p.gzip, zipped(text)...), p.plain+len(text)
}

// pack compresses start, that many times piece, and end.
func pack(start, piece string, times int, end string) (p packedText) {
	const atOnce = 1 << 18
	each := max(1, atOnce/len(piece))
	p.add(start)
	p.gzip = append(p.gzip, bytes.Repeat(zipped(strings.Repeat(piece, each)), times/each)...)
	p.plain += times / each * each * len(piece)
	p.add(strings.Repeat(piece, times%each) + end)
	return p
}

// zipped compresses text. It cannot fail: the level is valid, and a bytes.Buffer takes everything.
func zipped(text string) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.Bytes()
}

// largest is as much as the nodes may unpack to, but for what stands around the pieces.
const largest = status.MaxNodesSize - 1<<10

// gate is the inside of a gate's JSON in that phase.
func gate(phase status.NodePhase) string {
	return fmt.Sprintf(`"id":"g","name":"w.g","displayName":"g","type":"Suspend","phase":%q,"boundaryID":"w",`+
		`"startedAt":"2026-11-01T00:00:00Z","outputs":{"parameters":[{"name":"by","valueFrom":{"supplied":{}}}]}`, phase)
}

// root is the inside of the JSON of the first node.
func root(phase status.NodePhase) string {
	return fmt.Sprintf(`"id":"w","name":"w","displayName":"w","type":"Steps","phase":%q,"children":["g"],"startedAt":"2026-11-01T00:00:00Z"`, phase)
}

// junkNodes have a member of empty objects, in the first node or in the gate.
func junkNodes(inGate bool) func(status.NodePhase) packedText {
	return func(phase status.NodePhase) packedText {
		const piece = `{},`
		nodes := `{"g":{` + gate(phase) + `},"w":{` + root(phase)
		if inGate {
			nodes = `{"w":{` + root(phase) + `},"g":{` + gate(phase)
		}
		return pack(nodes+`,"junk":[`, piece, largest/len(piece), `{}]}}`)
	}
}

// messageNodes have as many failed pods as fit, each with a message of 1 MiB.
func messageNodes(status.NodePhase) (all packedText) {
	const count, long = 60, 1 << 20
	all.add(`{"w":{` + root(status.NodeFailed) + `}`)
	for i := range count {
		all.add(fmt.Sprintf(`,"p%d":{"name":"w.p","displayName":"p","type":"Pod","phase":"Failed",`+
			`"boundaryID":"w","message":"%s"}`, i, strings.Repeat("m", long-16)))
	}
	all.add(`}`)
	return all
}

// manyNodes are as many nodes as fit, behind a first one and a gate. each gives the JSON of the next,
// with a comma before it: ids have to differ.
func manyNodes(each func(number int) string) func(status.NodePhase) packedText {
	return func(phase status.NodePhase) (all packedText) {
		var text strings.Builder
		fmt.Fprintf(&text, `{"w":{%s},"g":{%s}`, root(phase), gate(phase))
		for i := 0; all.plain < largest-2<<20; i++ {
			text.WriteString(each(i))
			if text.Len() > 1<<20 {
				all.add(text.String())
				text.Reset()
			}
		}
		all.add(text.String() + `}`)
		return all
	}
}

// smallNode is a pod that is as small as many may be.
func smallNode(i int) string {
	return fmt.Sprintf(`,"w-%d":{"id":"w-%[1]d","name":"w.p(%[1]d)","displayName":"p(%[1]d)","type":"Pod","templateName":"load","templateScope":"local/w",`+
		`"phase":"Succeeded","boundaryID":"w","startedAt":"2026-11-01T00:00:00Z","finishedAt":"2026-11-01T00:00:09Z","progress":"1/1","junk":"%s"}`,
		i, strings.Repeat("j", 150))
}

// denseNode has little JSON for all that it consists of: children without a name, and bytes that become
// three each, since they are no UTF-8.
func denseNode(i int) string {
	return fmt.Sprintf(`,"%d":{"children":[%s""],"message":"%s"}`, i, strings.Repeat(`"",`, 11), strings.Repeat("\xff", 120))
}

// longNamed is a pod of a long name that differs from others at its end, and consists of digits, which
// are compared as numbers.
func longNamed(i int) string {
	return fmt.Sprintf(`,"w-%d":{"name":"%s%08[1]d","type":"Pod","phase":"Succeeded","junk":"%s"}`, i, strings.Repeat("1", 1000), strings.Repeat("j", 400))
}

// manyGates are as many gates as may wait, behind what makes up for what they take.
func manyGates(status.NodePhase) packedText {
	gates := numbered(30_000, `,"g%d":{"displayName":"g%[1]d","type":"Suspend","phase":"Running","boundaryID":"w",`+
		`"outputs":{"parameters":[{"name":"by","valueFrom":{"supplied":{}}}]},"junk":"`+strings.Repeat("j", 150)+`"}`)
	start := fmt.Sprintf(`{"w":{%s},"g":{%s},"padding":{"junk":"`, root(status.NodeRunning), gate(status.NodeRunning))
	return pack(start, "j", largest-len(start)-len(gates)-100, `"}`+gates+`}`)
}

// numbered returns the format with each number below count.
func numbered(count int, format string) string {
	var text strings.Builder
	for i := range count {
		fmt.Fprintf(&text, format, i)
	}
	return text.String()
}

// aliases are YAML that states one long text once, and many times by an alias.
func aliases(before, indent string) []byte {
	const long, times = 38_000, 9_000
	return []byte(before + indent + "a: &a " + strings.Repeat("x", long) + "\n" +
		indent + "b: [" + strings.Repeat("*a,", times) + "*a]\n")
}

// manifestHead begins a manifest, to which templates have to be added.
const manifestHead = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: w}\n" +
	"spec:\n  entrypoint: main\n"

// misspeltCalls is a manifest whose many steps all call templates that it doesn't have, with names
// that are close to those of many that it has.
func misspeltCalls() []byte {
	return []byte(manifestHead + "  templates:\n" +
		numbered(1_000, "  - {name: reindex-the-shards-of-the-index-%d-into-the-target, container: {image: reindex}}\n") +
		"  - name: main\n    steps:\n" + numbered(1_700,
		"    - - {name: step-%d-of-the-migration, template: reindex-the-shard-of-the-index-%[1]d-into-the-target}\n"))
}

// longDeclared is a manifest with a parameter of a long name.
func longDeclared(length int) []byte {
	return []byte(manifestHead + "  arguments: {parameters: [{name: " + strings.Repeat("a", length) + ", value: x}]}\n" +
		"  templates:\n  - name: main\n    container: {image: a}\n")
}

// oneWord is a manifest with an expression of one word that repeats itself.
func oneWord() []byte {
	return []byte(manifestHead + "  templates:\n  - name: main\n" +
		"    container: {image: \"{{=" + strings.Repeat("workflow", 100_000) + "}}\"}\n")
}

// oddFields is a manifest of many fields that are close to those that Argo has.
func oddFields() []byte {
	return []byte(manifestHead + "  templates:\n  - name: main\n" + numbered(12_000, "    nodeSel%05d: a\n"))
}

// carriageReturns are values that no line feed separates.
func carriageReturns() []byte { return []byte("a:\r" + strings.Repeat("-\t1\r", 700_000)) }
