package argoprom

// Options configure an [Observer]. The zero value is for a host that has native clients only.
type Options struct {
	// Backends are the clients' backends: what matters to alerts is there for each of them with 0
	// before it first happens, since a counter that begins with 1 has not increased. Others are
	// counted as well. nil means [workflow.BackendNative] alone.
	Backends []string
	// NativeHistograms has the histograms in Prometheus's native form too, beside the fixed buckets.
	// Scrapes show them only to a server that asks for them.
	NativeHistograms bool
}
