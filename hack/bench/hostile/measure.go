package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// measured is what one operation on one input took.
type measured struct {
	Sent, Plain int           // bytes of the input as it comes, and of what it unpacks to
	Peak        int           // bytes by which the heap has grown at most
	Time        time.Duration // how long it took
	End         time.Duration // how long it went on at most after its context had ended; 0 if it takes none
	Text        int           // bytes of what it says: of its error, or what it was to write
	Refused     bool          // it ended with an error
}

// attack is an input that is ready to be used.
type attack struct {
	sent, plain int
	// do returns the text that the operation has written, if any.
	do func(ctx context.Context) (text string, err error)
}

// measure does the operation from a clean heap, and then again with contexts that end on the way.
func (c hostileCase) measure(ctx context.Context) (measured, error) {
	a, err := c.prepare()
	if err != nil {
		return measured{}, err
	}
	debug.FreeOSMemory()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	text, err := a.do(ctx)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	switch refused := err != nil; {
	case refused && !c.refused:
		return measured{}, fmt.Errorf("it is refused: %w", err)
	case !refused && c.refused:
		return measured{}, errors.New("it is not refused")
	}
	m := measured{
		Sent: a.sent, Plain: a.plain, Time: took, Refused: err != nil,
		// All that the heap ever had, but for what was in use before.
		Peak: int(after.HeapSys) - int(before.HeapInuse),
		Text: len(text),
	}
	if err != nil {
		m.Text = len(err.Error())
	}
	if c.contextless {
		return m, nil
	}
	const parts = 4
	for i := 1; i < parts; i++ {
		end, err := a.endsWithin(ctx, took*time.Duration(i)/parts, c.refused)
		if err != nil {
			return measured{}, err
		}
		m.End = max(m.End, end)
	}
	return m, nil
}

// endsWithin is how long the operation goes on after its context has ended. A machine that has
// other things to do may delay one attempt, but not all of them.
func (a attack) endsWithin(ctx context.Context, after time.Duration, refused bool) (time.Duration, error) {
	const attempts = 3
	shortest := time.Duration(0)
	for i := range attempts {
		ending, cancel := context.WithCancelCause(ctx)
		why := errors.New("enough")
		var ended time.Time
		timer := time.AfterFunc(after, func() { ended = time.Now(); cancel(why) })
		_, err := a.do(ending)
		done := time.Now()
		if timer.Stop() {
			return 0, ctx.Err() // it was faster this time
		}
		<-ending.Done()
		switch {
		case ctx.Err() != nil:
			return 0, context.Cause(ctx)
		case err != nil && !errors.Is(err, why) && !refused:
			return 0, err
		}
		if took := max(0, done.Sub(ended)); i == 0 || took < shortest {
			shortest = took
		}
	}
	return shortest, nil
}
