package podlogs

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func TestRequestsOfLogs(t *testing.T) {
	var sent *url.URL
	client := &Client{Namespace: "ns", REST: restClient(t, func(r *http.Request) (*http.Response, error) {
		sent = r.URL
		return response(http.StatusOK, http.NoBody), nil
	})}
	since := time.Date(2026, 11, 23, 12, 0, 0, 999, time.FixedZone("", 7200))
	for q, want := range map[query]string{
		{}:                           "",
		{follow: true}:               "&follow=true",
		{previous: true}:             "&previous=true",
		{since: since}:               "&sinceTime=2026-11-23T10%3A00%3A00Z",
		{tail: new(int64(7))}:        "&tailLines=7",
		{since: time.Unix(0, 0)}:     "&sinceTime=1970-01-01T00%3A00%3A00Z",
		{follow: true, since: since}: "&follow=true&sinceTime=2026-11-23T10%3A00%3A00Z",
	} {
		body, err := client.opener("p", "main")(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
		values, err := url.ParseQuery("container=main&timestamps=true" + want)
		if err != nil {
			t.Fatal(err)
		}
		if sent.Path != "/api/v1/namespaces/ns/pods/p/log" || sent.Query().Encode() != values.Encode() {
			t.Errorf("%+v: %s, want %s", q, sent, values.Encode())
		}
	}
}

// client-go does not repeat a request, whoever made the client: the caller sees each failure.
func TestRequestOfALogIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		client := &Client{Namespace: "ns", REST: restClient(t, func(*http.Request) (*http.Response, error) {
			sent++
			busy := response(http.StatusTooManyRequests, http.NoBody)
			busy.Header.Set("Retry-After", "7")
			return busy, nil
		})}
		_, err := client.opener("p", "main")(t.Context(), query{})
		if seconds, asked := apierrors.SuggestsClientDelay(err); sent != 1 || !asked || seconds != 7 {
			t.Errorf("%v, after %d requests", err, sent)
		}
	})
}
