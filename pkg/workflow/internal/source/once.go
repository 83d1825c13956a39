package source

import (
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// NewDynamicClient returns a dynamic client that sends each request once. It copies cfg. The error
// says what is wrong with cfg; nothing is sent.
func NewDynamicClient(cfg *rest.Config) (dynamic.Interface, error) {
	own := dynamic.ConfigFor(cfg)
	own.GroupVersion = nil
	own.APIPath = "/apis" // unused, since the dynamic client requests absolute paths
	client, err := rest.UnversionedRESTClientFor(own)
	if err != nil {
		return nil, err
	}
	return dynamic.New(Once{client}), nil
}

// Once is a REST client that sends each request once. client-go itself repeats a request up to ten
// times, as far apart as the server's Retry-After says, and gets and watches whose connection broke
// a second apart. No caller could limit or see that.
type Once struct{ rest.Interface }

// Verb implements [rest.Interface].
func (c Once) Verb(verb string) *rest.Request { return c.Interface.Verb(verb).MaxRetries(0) }

// Post implements [rest.Interface].
func (c Once) Post() *rest.Request { return c.Interface.Post().MaxRetries(0) }

// Put implements [rest.Interface].
func (c Once) Put() *rest.Request { return c.Interface.Put().MaxRetries(0) }

// Patch implements [rest.Interface].
func (c Once) Patch(pt types.PatchType) *rest.Request { return c.Interface.Patch(pt).MaxRetries(0) }

// Get implements [rest.Interface].
func (c Once) Get() *rest.Request { return c.Interface.Get().MaxRetries(0) }

// Delete implements [rest.Interface].
func (c Once) Delete() *rest.Request { return c.Interface.Delete().MaxRetries(0) }
