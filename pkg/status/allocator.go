package status

import "strings"

// allocator holds the nodes of one status and their strings in a few large chunks, which take less
// time to allocate and to collect than a hundred thousand small objects. Chunks grow with their
// number. What was handed out does not move.
type allocator struct {
	text  strings.Builder
	lists []string
	nodes [][]Node // all that were handed out
	// recent are strings that are likely to come again, such as phases, template names and ids
	// of groups. Its length is a power of two.
	recent []string
	// memory estimates what everything takes, in bytes.
	memory int
}

// The memory that is reckoned for a node, a child, and a gate whose JSON is kept, beside their
// strings: also for what is made of them for a while, to sort them, to show them as a tree, to plan
// a retry or to decide about gates.
const nodeMemory, childMemory, gateMemory = 384, 32, 1536

// newAllocator returns an allocator for nodes that take about size bytes of JSON.
func newAllocator(size int) allocator {
	const fewest, most, bytesEach = 1 << 5, 1 << 10, 1 << 7
	places := fewest
	for places < most && places < size/bytesEach {
		places *= 2
	}
	return allocator{recent: make([]string, places)}
}

// The sizes of the first and of the largest chunks: bytes of strings, items of lists, nodes.
const (
	firstText, largestText = 1 << 10, 1 << 15
	firstList, largestList = 1 << 4, 1 << 10
	firstNode, largestNode = 1 << 2, 1 << 9
)

// copy returns b as a string.
func (a *allocator) copy(b []byte) string {
	a.memory += len(b)
	capacity := a.text.Cap()
	if len(b) > largestText/8 {
		return string(b)
	}
	if a.text.Len()+len(b) > capacity {
		a.text = strings.Builder{}
		a.text.Grow(max(len(b), min(max(2*capacity, firstText), largestText)))
	}
	start := a.text.Len()
	a.text.Write(b)
	return a.text.String()[start:]
}

// intern returns b as a string that is shared with recent ones.
func (a *allocator) intern(b []byte) string {
	const longest = 128
	if len(b) == 0 || len(b) > longest {
		return a.copy(b)
	}
	// A collision costs no more than a copy, so a poor hash of the end is enough: ids differ there.
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

// list returns a list of that length.
func (a *allocator) list(length int) []string {
	a.memory += childMemory * length
	if cap(a.lists)-len(a.lists) < length {
		a.lists = make([]string, 0, max(length, min(max(2*cap(a.lists), firstList), largestList)))
	}
	start := len(a.lists)
	a.lists = a.lists[:start+length]
	return a.lists[start:len(a.lists):len(a.lists)]
}

func (a *allocator) node() *Node {
	a.memory += nodeMemory
	if last := len(a.nodes) - 1; last < 0 {
		a.nodes = append(a.nodes, make([]Node, 0, firstNode))
	} else if size := cap(a.nodes[last]); len(a.nodes[last]) == size {
		a.nodes = append(a.nodes, make([]Node, 0, min(2*size, largestNode)))
	}
	chunk := &a.nodes[len(a.nodes)-1]
	*chunk = (*chunk)[:len(*chunk)+1]
	return &(*chunk)[len(*chunk)-1]
}
