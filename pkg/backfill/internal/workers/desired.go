package workers

// desired is what a call wants of a workload.
type desired struct {
	record   *Record // nil if there is none
	replicas int
}

// plan returns what a call wants of a workload, given what was read.
//
// If a pause and a number that another client has set meet, pausing takes the present number, and
// resuming the recorded one.
type plan func(*Workload) desired

func paused(w *Workload) desired { return desired{&Record{w.replicasOrRecorded(), true}, 0} }

// pausedUnlessStopped leaves a Deployment that is stopped as it is.
func pausedUnlessStopped(w *Workload) desired {
	if w.Record == nil && w.Replicas == 0 {
		return desired{nil, 0}
	}
	return paused(w)
}

func resumed(w *Workload) desired {
	switch {
	case w.Paused() && w.Record.Replicas > 0:
		return desired{&Record{w.Record.Replicas, false}, w.Record.Replicas}
	case w.Paused(): // it had no workers when it was paused
		return desired{&Record{w.Replicas, false}, w.Replicas}
	}
	// A pause that a resume has overtaken may have scaled the workers down after that.
	return desired{w.Record, w.replicasOrRecorded()}
}

func stopped(*Workload) desired { return desired{nil, 0} }

// scaled returns the plan for a number of workers. A pause goes on, unless it was interrupted.
func scaled(replicas int) plan {
	return func(w *Workload) desired {
		switch {
		case !w.Paused():
			return desired{w.Record, replicas}
		case w.Replicas == 0:
			return desired{&Record{replicas, true}, 0}
		}
		return desired{&Record{replicas, true}, replicas}
	}
}

// reached reports whether a workload is as desired.
func (d desired) reached(w *Workload) bool {
	sameRecord := d.record == nil && w.Record == nil || d.record != nil && w.Record != nil && *d.record == *w.Record
	return sameRecord && d.replicas == w.Replicas
}
