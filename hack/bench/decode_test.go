package main

import (
	"slices"
	"testing"
)

// BenchmarkDecode decodes a compressed status of 10,000 nodes from the object that the API
// server sent.
func BenchmarkDecode(b *testing.B) {
	u, err := bigObject(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, d := range decoders(b.Context()) {
		b.Run(d.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := d.decode(u); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Both have to see the same nodes, or the comparison says nothing.
func TestBothDecodeTheSame(t *testing.T) {
	u, err := bigObject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := decodeOurs(u)
	if err != nil {
		t.Fatal(err)
	}
	argo, err := decodeArgo(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	if len(ours.Dropped) > 0 {
		t.Errorf("dropped: %v", ours.Dropped)
	}
	if len(ours.Nodes) != decodedNodes || len(argo.Status.Nodes) != decodedNodes {
		t.Fatalf("%d and %d nodes", len(ours.Nodes), len(argo.Status.Nodes))
	}
	// argocheck compares everything; here it is to be seen that both have read all of it.
	for _, n := range ours.Nodes {
		theirs := argo.Status.Nodes[n.ID]
		if n.Name != theirs.Name || string(n.Phase) != string(theirs.Phase) || !slices.Equal(n.Children, theirs.Children) {
			t.Fatalf("node %s: %+v\nwant %+v", n.ID, n, theirs)
		}
	}
}
