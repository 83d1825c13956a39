package opensearchtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Limits of a cluster whose settings say nothing else.
const (
	defaultMaxScrolls   = 500
	defaultMaxPits      = 300
	defaultMaxKeepAlive = 24 * time.Hour
)

// The settings with these limits.
const (
	maxScrolls      = "search.max_open_scroll_context"
	maxPits         = "search.max_open_pit_context"
	maxKeepAlive    = "search.max_keep_alive"
	maxPitKeepAlive = "point_in_time.max_keep_alive"
)

// settings are those of the cluster or of an index, by their full names.
type settings map[string]json.RawMessage

// clusterSettings returns the known settings of the cluster, with what their values must be.
func clusterSettings() map[string]func(value json.RawMessage) bool {
	return map[string]func(value json.RawMessage) bool{
		maxScrolls:                    isNumber,
		maxPits:                       isNumber,
		maxKeepAlive:                  isTime,
		maxPitKeepAlive:               isTime,
		"cluster.blocks.read_only":    isFlag,
		"cluster.blocks.create_index": isFlag,
		allocation:                    isAllocation,
		inFlightLimit:                 isBytes,
		"search.default_keep_alive":   isTime, // of no effect: a scroll must say for how long it is kept
	}
}

func isNumber(value json.RawMessage) bool { return json.Unmarshal(value, new(int)) == nil }

func isTime(value json.RawMessage) bool {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return false
	}
	d, err := time.ParseDuration(text)
	return err == nil && d > 0
}

// inFlightLimit is the limit of the requests in progress. The double applies it to each alone.
const inFlightLimit = "network.breaker.inflight_requests.limit"

// isBytes accepts a number of bytes such as "1000b", in no other unit.
func isBytes(value json.RawMessage) bool { return bytesOf(value) > 0 }

func bytesOf(value json.RawMessage) int {
	var text string
	_ = json.Unmarshal(value, &text)
	digits, ok := strings.CutSuffix(text, "b")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil {
		return 0
	}
	return n
}

// overload returns the error of a request that is too large for the circuit breaker, or nil.
func (c *Cluster) overload(in *request) *problem {
	limit, size := bytesOf(c.settings[inFlightLimit]), len(in.body)
	if limit == 0 || size <= limit {
		return nil
	}
	return &problem{Status: http.StatusTooManyRequests, Type: "circuit_breaking_exception", Reason: fmt.Sprintf(
		"[in_flight_requests] Data too large, data for [<http_request>] would be [%d/%db], which is larger than the limit of [%d/%db]", size, size, limit, limit)}
}

// isFlag accepts true and false.
func isFlag(value json.RawMessage) bool { return json.Unmarshal(value, new(bool)) == nil }

// indexSettings returns the known settings of an index that can be changed.
func indexSettings() map[string]func(value json.RawMessage) bool {
	return map[string]func(value json.RawMessage) bool{
		"index.blocks.read_only":              isFlag,
		"index.blocks.read_only_allow_delete": isFlag,
		"index.blocks.read":                   isFlag,
		"index.blocks.write":                  isFlag,
		"index.blocks.metadata":               isFlag,
	}
}

// change changes settings to those of an object, in which null removes one.
func (s settings) change(body json.RawMessage, known map[string]func(json.RawMessage) bool) *problem {
	var changes map[string]json.RawMessage
	if json.Unmarshal(body, &changes) != nil {
		return malformed("settings must be an object")
	}
	for name, value := range changes {
		isValid, isKnown := known[name]
		switch {
		case !isKnown:
			return unknown("the setting [%s]; it must be written by its full name", name)
		case string(value) == "null":
			delete(s, name)
		case !isValid(value):
			return malformed("the value %s of the setting [%s]", value, name)
		default:
			s[name] = value
		}
	}
	return nil
}

func (c *Cluster) clusterSettingsAPI(in *request) (*answer, *problem) {
	if p := in.allow(); p != nil {
		return nil, p
	}
	fields, p := members(in.body, "the settings of the cluster", "transient")
	if p != nil {
		return nil, p
	}
	if p := c.settings.change(fields["transient"], clusterSettings()); p != nil {
		return nil, p
	}
	c.allocate()
	return answerJSON(http.StatusOK, map[string]any{"acknowledged": true, "persistent": map[string]any{}, "transient": c.settings}), nil
}

func (c *Cluster) indexSettingsAPI(in *request) (*answer, *problem) {
	if p := in.allow(); p != nil {
		return nil, p
	}
	ix, p := c.index(in.parts[0])
	if p != nil {
		return nil, p
	}
	if p := ix.settings.change(in.body, indexSettings()); p != nil {
		return nil, p
	}
	return answerJSON(http.StatusOK, map[string]any{"acknowledged": true}), nil
}

// limit returns the value of a setting, or its default.
func (c *Cluster) limit(name string, otherwise int) int {
	if n, err := strconv.Atoi(string(c.settings[name])); err == nil {
		return n
	}
	return otherwise
}

// longest returns the value of a setting that limits a time, or its default.
func (c *Cluster) longest(name string) time.Duration {
	var text string
	_ = json.Unmarshal(c.settings[name], &text)
	if d, err := time.ParseDuration(text); err == nil {
		return d
	}
	return defaultMaxKeepAlive
}
