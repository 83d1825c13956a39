package specs_test

import (
	"errors"
	"net/http"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
)

// life is the life of a process that is killed the moment its last write takes effect: it receives
// no further response, and none of its further requests are sent.
type life struct {
	writes atomic.Int64 // remaining
	over   atomic.Bool
}

// shortLife returns a life that ends with the given number of writes; with 0, before the first
// write.
func shortLife(writes int) *life {
	l := &life{}
	l.writes.Store(int64(writes))
	return l
}

var errProcessKilled = errors.New("the process was killed")

// config returns a configuration whose requests are made by the process.
func (l *life) config(cfg *rest.Config) *rest.Config {
	if l == nil {
		return cfg
	}
	return intercepted(cfg, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		last, err := l.send(r.Method != http.MethodGet)
		if err != nil {
			return nil, err
		}
		resp, err := next.RoundTrip(r)
		if last && err == nil {
			_ = lose(resp)
			return nil, errProcessKilled
		}
		return resp, err
	})
}

// send returns nil if a request may be sent. If last, the response must be dropped.
func (l *life) send(write bool) (last bool, err error) {
	if l.over.Load() {
		return false, errProcessKilled
	}
	if !write {
		return false, nil
	}
	switch left := l.writes.Add(-1); {
	case left < 0:
		l.over.Store(true)
		return false, errProcessKilled
	case left == 0:
		l.over.Store(true)
		return true, nil
	}
	return false, nil
}

var _ = Describe("a process with a short life", func() {
	It("is killed when its last write has taken effect", func() {
		l := shortLife(2)
		for _, want := range []bool{false, true} {
			Expect(l.send(false)).To(BeFalse())
			Expect(l.send(true)).To(Equal(want))
		}
		for _, write := range []bool{true, false} {
			Expect(second(l.send(write))).To(MatchError(errProcessKilled))
		}
		Expect(second(shortLife(0).send(true))).To(MatchError(errProcessKilled))
	})
})
