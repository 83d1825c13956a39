package opensearch

import "context"

// ahead reads the next page while the caller works on the last one. It reads no further than that,
// so at most two are in memory.
type ahead struct {
	from   pages
	cancel context.CancelFunc
	page   chan readPage // nil while none is read
}

type readPage struct {
	answer *searchAnswer
	err    error
}

// start begins to read a page, which the caller must take or stop.
func (a *ahead) start(ctx context.Context) {
	ctx, a.cancel = context.WithCancel(ctx)
	page := make(chan readPage, 1)
	a.page = page
	go func() {
		answer, err := a.from.next(ctx)
		page <- readPage{answer, err}
	}()
}

// take returns the page.
func (a *ahead) take() (*searchAnswer, error) {
	got := <-a.page
	a.page = nil
	a.cancel()
	return got.answer, got.err
}

// stop ends the reading of a page, if there is one, and waits for that.
func (a *ahead) stop() {
	if a.page != nil {
		a.cancel()
		_, _ = a.take()
	}
}
