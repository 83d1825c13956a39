package status

import (
	"fmt"
	"strconv"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// Dropped is a field that could not be read and was left at its zero value.
type Dropped struct {
	// Path is the path of the field, e.g. "status.nodes.hello-123.startedAt".
	Path string
	// Reason says what is wrong with its value.
	Reason string
}

// maxDropped is how many dropped fields are listed. A hostile object may have millions.
const maxDropped = 1000

// object reads the fields of one JSON object and records what it cannot read. A nil map is read as
// an empty object. A path is only built when a field is dropped.
type object struct {
	fields  map[string]any
	parent  *object
	key     string
	dropped *[]Dropped // shared by the objects of a workflow
}

func (o *object) pathOf(key string) string {
	if o.parent == nil {
		return key
	}
	return o.parent.pathOf(o.key) + "." + abbreviated(key)
}

// abbreviated returns text, cut if it is longer than any real name: many dropped fields may repeat
// it.
func abbreviated(text string) string {
	const longest = 512
	if len(text) <= longest {
		return text
	}
	return text[:longest] + "…"
}

func (o *object) drop(key, reason string) {
	if len(*o.dropped) == maxDropped {
		return
	}
	*o.dropped = append(*o.dropped, Dropped{Path: o.pathOf(key), Reason: reason})
}

func (o *object) dropType(key, want string, got any) {
	if long, ok := got.(wfjson.LongString); ok {
		o.drop(key, long.String())
		return
	}
	o.drop(key, fmt.Sprintf("want %s, have %T", want, got))
}

// object returns the object under key, or an empty one.
func (o *object) object(key string) *object {
	child := &object{parent: o, key: key, dropped: o.dropped}
	switch v := o.fields[key].(type) {
	case nil:
	case map[string]any:
		child.fields = v
	default:
		o.dropType(key, "an object", v)
	}
	return child
}

// objects returns the objects in the list under key.
func (o *object) objects(key string) []*object {
	items := o.list(key)
	objects := make([]*object, 0, len(items))
	for i, item := range items {
		name := key + "[" + strconv.Itoa(i) + "]"
		if fields, ok := item.(map[string]any); ok {
			objects = append(objects, &object{fields: fields, parent: o, key: name, dropped: o.dropped})
		} else if item != nil {
			o.dropType(name, "an object", item)
		}
	}
	return objects
}

func (o *object) list(key string) []any {
	switch v := o.fields[key].(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		o.dropType(key, "a list", v)
		return nil
	}
}

func (o *object) string(key string) string {
	switch v := o.fields[key].(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		o.dropType(key, "a string", v)
		return ""
	}
}

// text reads a string that some clients write as a number or bool, such as a parameter's value. The
// second result reports whether there is one.
func (o *object) text(key string) (string, bool) {
	switch v := o.fields[key].(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	default:
		o.dropType(key, "a string, number or bool", v)
		return "", false
	}
}

func (o *object) bool(key string) bool {
	value, _ := o.flag(key)
	return value
}

// flag reads a bool. The second result reports whether there is one.
func (o *object) flag(key string) (value, ok bool) {
	switch v := o.fields[key].(type) {
	case nil:
		return false, false
	case bool:
		return v, true
	default:
		o.dropType(key, "a bool", v)
		return false, false
	}
}

func (o *object) int64(key string) int64 {
	switch v := o.fields[key].(type) {
	case nil:
		return 0
	case int64:
		return v
	case float64:
		return int64(v)
	default:
		o.dropType(key, "a number", v)
		return 0
	}
}

// seconds reads a duration in whole seconds.
func (o *object) seconds(key string) time.Duration {
	return time.Duration(o.int64(key)) * time.Second
}

// durations reads a map of durations in whole seconds.
func (o *object) durations(key string) map[string]time.Duration {
	child := o.object(key)
	if len(child.fields) == 0 {
		return nil
	}
	durations := make(map[string]time.Duration, len(child.fields))
	for name := range child.fields {
		durations[name] = child.seconds(name)
	}
	return durations
}

func (o *object) time(key string) time.Time {
	text := o.string(key)
	if text == "" {
		return time.Time{}
	}
	t, err := parseTime(text)
	if err != nil {
		o.drop(key, err.Error())
	}
	return t
}

func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not an RFC 3339 time", abbreviated(text))
	}
	return t, nil
}

func (o *object) strings(key string) []string {
	items := o.list(key)
	if len(items) == 0 {
		return nil
	}
	texts := make([]string, 0, len(items))
	for i, item := range items {
		if text, ok := item.(string); ok {
			texts = append(texts, text)
		} else if len(*o.dropped) < maxDropped {
			o.dropType(key+"["+strconv.Itoa(i)+"]", "a string", item)
		}
	}
	return texts
}

// stringMap copies the map of strings under key, as labels and annotations are.
func (o *object) stringMap(key string) map[string]string {
	child := o.object(key)
	if len(child.fields) == 0 {
		return nil
	}
	texts := make(map[string]string, len(child.fields))
	for name := range child.fields {
		texts[name] = child.string(name)
	}
	return texts
}

func (o *object) progress(key string) Progress {
	text := o.string(key)
	if text == "" {
		return Progress{}
	}
	p, err := ParseProgress(text)
	if err != nil {
		o.drop(key, err.Error())
	}
	return p
}
