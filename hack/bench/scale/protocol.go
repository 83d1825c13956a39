package main

// The ways to learn of a workflow's end that are compared, and to list workflows.
const (
	ours       = "ours"
	informer   = "informer"
	polling    = "polling"
	listPaged  = "list"
	listAtOnce = "list-at-once"
)

// task is what a process of its own is started for.
type task struct {
	Way        string `json:"way"`
	Kubeconfig string `json:"kubeconfig"`
	Namespace  string `json:"namespace"`
	// Workflows is how many there are, each waited for.
	Workflows int `json:"workflows"`
	// Interval, in nanoseconds, is how often each is asked for by polling.
	Interval int64 `json:"interval"`
	// Profile is the folder for profiles; "": none are made.
	Profile string `json:"profile,omitempty"`
}

// The orders that such a process takes, one JSON object to a line; it ends with its standard input.
const (
	orderStart  = "start"  // begin to wait for all; answered when each has seen its first state
	orderAgain  = "again"  // begin anew to wait for one that had ended
	orderUsage  = "usage"  // tell the usage
	orderMemory = "memory" // collect garbage and tell the memory
)

type order struct {
	Do    string `json:"do"`
	Index int    `json:"index,omitempty"`
}

// news is what comes back: one of these.
type news struct {
	Started *usage  `json:"started,omitempty"` // from the first call on
	Unseen  int     `json:"unseen,omitempty"`  // with Started: workflows that were not seen in the time there is
	Usage   *usage  `json:"usage,omitempty"`
	Memory  *memory `json:"memory,omitempty"` // more than before the start
	Listed  *listed `json:"listed,omitempty"`
	End     *end    `json:"end,omitempty"`
	Error   string  `json:"error,omitempty"`
}

// end is that a workflow was seen to have ended. Times are those of a [clock].
type end struct {
	Index   int    `json:"index"`
	Version uint64 `json:"version"`
	// Arrived is when the event was there, 0 if it was none that told it; Told when the waiter or
	// handler was told.
	Arrived int64 `json:"arrived,omitempty"`
	Told    int64 `json:"told"`
}

// listed is what a list has read, and the most memory in use meanwhile: as it was marked at the
// end of a collection, and with the garbage that was there between them.
type listed struct {
	Workflows   int   `json:"workflows"`
	Live        int64 `json:"live"`
	WithGarbage int64 `json:"withGarbage"`
}
