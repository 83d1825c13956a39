package status

import "strings"

// arena holds what the nodes of one status consist of in few large pieces: that is less
// to allocate and to collect than a hundred thousand small ones. The pieces grow with what
// is put in, and nothing that was handed out changes.
type arena struct {
	text  strings.Builder
	lists []string
	nodes [][]Node // all that were handed out
	// recent are texts that may come again, as phases, templates and ids of groups do: a
	// power of two of them.
	recent []string
	// weight is about how many bytes all of that takes: it may not take many times its JSON.
	weight int
}

// What a node, a child, and a gate of which the text is kept, weigh beside their texts, with what is made
// of them for a while: to sort them, to show them as a tree, to plan a retry or decide about gates.
const nodeWeight, childWeight, gateWeight = 384, 32, 1536

// newArena is one for nodes that take about that many bytes of JSON.
func newArena(size int) *arena {
	const fewest, most, bytesEach = 1 << 5, 1 << 10, 1 << 7
	places := fewest
	for places < most && places < size/bytesEach {
		places *= 2
	}
	return &arena{recent: make([]string, places)}
}

const (
	textPieces, mostText = 1 << 10, 1 << 15
	listPieces, mostList = 1 << 4, 1 << 10
	nodePieces, mostNode = 1 << 2, 1 << 9
)

// copy returns b as a string.
func (a *arena) copy(b []byte) string {
	a.weight += len(b)
	room := a.text.Cap()
	if len(b) > mostText/8 {
		return string(b)
	}
	if a.text.Len()+len(b) > room {
		a.text = strings.Builder{}
		a.text.Grow(max(len(b), min(max(2*room, textPieces), mostText)))
	}
	start := a.text.Len()
	a.text.Write(b)
	return a.text.String()[start:]
}

// intern returns b as a string, of which it has at best one copy.
func (a *arena) intern(b []byte) string {
	const longest = 128
	if len(b) == 0 || len(b) > longest {
		return a.copy(b)
	}
	// Texts that share a place cost a copy, no more, so a poor hash of the end will do: there
	// ids differ.
	var hash uint64
	for _, c := range b[max(0, len(b)-8):] {
		hash = hash<<5 ^ hash>>59 ^ uint64(c)
	}
	place := &a.recent[int(hash*0x9e3779b97f4a7c15>>54)&(len(a.recent)-1)]
	if *place != string(b) {
		*place = a.copy(b)
	}
	return *place
}

// list returns room for that many strings.
func (a *arena) list(length int) []string {
	a.weight += childWeight * length
	if cap(a.lists)-len(a.lists) < length {
		a.lists = make([]string, 0, max(length, min(max(2*cap(a.lists), listPieces), mostList)))
	}
	start := len(a.lists)
	a.lists = a.lists[:start+length]
	return a.lists[start:len(a.lists):len(a.lists)]
}

func (a *arena) node() *Node {
	a.weight += nodeWeight
	if last := len(a.nodes) - 1; last < 0 {
		a.nodes = append(a.nodes, make([]Node, 0, nodePieces))
	} else if room := cap(a.nodes[last]); len(a.nodes[last]) == room {
		a.nodes = append(a.nodes, make([]Node, 0, min(2*room, mostNode)))
	}
	piece := &a.nodes[len(a.nodes)-1]
	*piece = (*piece)[:len(*piece)+1]
	return &(*piece)[len(*piece)-1]
}
