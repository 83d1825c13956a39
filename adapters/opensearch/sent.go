package opensearch

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	mask         = "*****"
	mostOfReason = 500     // characters of a server's message in an error
	mostOfCause  = 2 << 10 // and of a cause

	mostHidden = 64 << 10 // bytes that are searched for secrets, which can be as many as the answer has
)

// sent contains the credentials that one call has sent. They are removed from everything that comes
// back before it becomes an error, since servers and proxies repeat them.
type sent struct{ secrets, names []string }

// add records the credentials of a request; header is that of the request as it was sent, with its
// signature.
func (s *sent) add(header http.Header, used Credentials) {
	_, proof, _ := strings.Cut(header.Get("Authorization"), " ")
	s.secret(proof, header.Get("X-Amz-Security-Token"))
	if _, signature, ok := strings.Cut(proof, "Signature="); ok {
		s.secret(signature)
	}
	if _, scope, ok := strings.Cut(proof, "Credential="); ok {
		key, _, _ := strings.Cut(scope, "/")
		s.secret(key)
	}
	if password := used.Password.Reveal(); password != "" {
		basic := base64.StdEncoding.EncodeToString([]byte(used.Username + ":" + password))
		s.secret(basic, strings.TrimRight(basic, "="), password, strings.TrimSpace(password)) // in a Secret it often ends with a newline
		s.names = append(s.names, used.Username)
	}
}

// secret records strings in all forms in which they are embedded in others.
func (s *sent) secret(texts ...string) {
	for _, text := range texts {
		for _, form := range formsOf(text) {
			if form != "" && !slices.Contains(s.secrets, form) {
				s.secrets = append(s.secrets, form)
			}
		}
	}
	slices.SortFunc(s.secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // the longest first
}

// formsOf returns a string as it is, and as it is written within JSON, HTML or XML, and URLs.
// Servers differ in what they escape.
func formsOf(text string) []string {
	forms := []string{text, html.EscapeString(text), url.QueryEscape(text), url.PathEscape(text)}
	forms = append(forms, strings.NewReplacer("&#34;", "&quot;", "&#39;", "&apos;").Replace(forms[1]))
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // encoding a string can't fail
	escaped, _ := json.Marshal(text)
	for _, quoted := range []string{string(escaped), strings.TrimSpace(plain.String()), strconv.QuoteToASCII(text)} {
		forms = append(forms, quoted[1:len(quoted)-1])
	}
	digits := regexp.MustCompile(`%[[:xdigit:]]{2}|\\u[[:xdigit:]]{4}`)
	for _, form := range slices.Clone(forms) {
		forms = append(forms, digits.ReplaceAllStringFunc(form, strings.ToLower), digits.ReplaceAllStringFunc(form, func(escape string) string {
			return strings.ReplaceAll(strings.ToUpper(escape), `\U`, `\u`)
		}))
	}
	return forms
}

// hide removes what was sent from a string, and truncates it.
func (s *sent) hide(text string, most int) string {
	if len(text) > mostHidden {
		text = s.whole(strings.ToValidUTF8(text[:mostHidden], ""))
	}
	var pairs []string
	for _, secret := range s.secrets {
		pairs = append(pairs, secret, mask)
	}
	text = strings.NewReplacer(pairs...).Replace(text)
	for _, name := range s.names {
		text = withoutWord(text, name)
	}
	// A part of it, or credentials that another client has sent.
	text = regexp.MustCompile(`(?i)\b(basic|bearer)\s+[\w.~+/-]{8,}=*`).ReplaceAllString(text, "$1 "+mask)
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return text
}

// whole removes the beginning of a secret at the end of a truncated string.
func (s *sent) whole(text string) string {
	for _, secret := range s.secrets {
		for length := len(secret) - 1; length > 0; length-- {
			if strings.HasSuffix(text, secret[:length]) {
				text = text[:len(text)-length]
				break
			}
		}
	}
	return text
}

// withoutWord masks a word, unless it is a part of another one.
func withoutWord(text, word string) string {
	var kept strings.Builder
	within := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }
	for word != "" {
		at := strings.Index(text, word)
		if at < 0 {
			break
		}
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(word):])
		kept.WriteString(text[:at])
		if within(before) || within(after) {
			kept.WriteString(word)
		} else {
			kept.WriteString(mask)
		}
		text = text[at+len(word):]
	}
	return kept.String() + text
}

// scrubbedError is a cause whose message shows nothing that was sent. It matches like the cause,
// but doesn't unwrap to it: loggers write the messages of all errors of a chain.
type scrubbedError struct {
	text string
	err  error
}

func (e *scrubbedError) Error() string        { return e.text }
func (e *scrubbedError) Is(target error) bool { return errors.Is(e.err, target) }
func (e *scrubbedError) As(target any) bool   { return errors.As(e.err, target) }

// failed adds operation and index to an error, and removes what was sent.
func (c *cluster) failed(err error, op Op, index string) *Error {
	e := asError(err, op, index)
	e.Type, e.Reason = c.sent.hide(e.Type, mostOfReason), c.sent.hide(e.Reason, mostOfReason)
	for i, cause := range e.Causes {
		e.Causes[i] = Cause{c.sent.hide(cause.Type, mostOfReason), c.sent.hide(cause.Reason, mostOfReason)}
	}
	if e.Err != nil {
		if text := c.sent.hide(e.Err.Error(), mostOfCause); text != e.Err.Error() {
			e.Err = &scrubbedError{text, e.Err}
		}
	}
	return e
}

// call returns the cluster for one call of a method, which records what it has sent.
func (w *WorkingState) call() *cluster {
	c := *w.cluster
	c.sent = &sent{}
	return &c
}
