package argodb

import (
	"strconv"
	"strings"
)

const (
	archiveTable = "argo_archived_workflows"
	labelsTable  = "argo_archived_workflows_labels"
)

// statement is an SQL statement and its arguments.
type statement struct {
	dialect Dialect
	text    strings.Builder
	args    []any
}

// add appends text with an argument for each question mark in it.
func (s *statement) add(text string, args ...any) *statement {
	for _, arg := range args {
		before, after, _ := strings.Cut(text, "?")
		s.args = append(s.args, arg)
		s.text.WriteString(before)
		if s.dialect == PostgreSQL {
			s.text.WriteString("$" + strconv.Itoa(len(s.args)))
		} else {
			s.text.WriteString("?")
		}
		text = after
	}
	s.text.WriteString(text)
	return s
}

// statement begins a statement.
func (d *Database) statement(text string, args ...any) *statement {
	return (&statement{dialect: d.opts.Dialect}).add(text, args...)
}

// documentOf is a statement that [Database.document] reads: a column of JSON of one row, if it is not too
// large, and its size. The limit in the inner query keeps PostgreSQL from writing the JSON several times.
func (d *Database) documentOf(column, from string, args ...any) *statement {
	return d.statement("select case when octet_length(document) <= ? then document end, octet_length(document) from ", d.opts.MaxSize).
		add("(select cast("+column+" as "+d.textType()+") as document from "+from, args...).
		add(" limit 1) found")
}

func (d *Database) textType() string {
	if d.opts.Dialect == PostgreSQL {
		return "text"
	}
	return "char"
}

// timeText is an expression for a column of time as a string, to the microsecond: a driver may read the
// column as a time in any zone.
func (d *Database) timeText(column string) string {
	if d.opts.Dialect == PostgreSQL {
		return "to_char(" + column + ", 'YYYY-MM-DD HH24:MI:SS.US')"
	}
	return "date_format(" + column + ", '%Y-%m-%d %H:%i:%s.%f')"
}

// parsedTime is an expression for a time that is an argument in the format of timeText.
func (d *Database) parsedTime() string {
	if d.opts.Dialect == PostgreSQL {
		return "cast(? as timestamp)"
	}
	return "cast(? as datetime(6))"
}

// jsonStartedAt is an expression for status.startedAt of the workflow. It is in UTC, so that its text
// compares like the time. MariaDB has no operators for JSON.
func (d *Database) jsonStartedAt(workflow string) string {
	if d.opts.Dialect == PostgreSQL {
		return "coalesce(" + workflow + "->'status'->>'startedAt', " + workflow + "->'metadata'->>'creationTimestamp')"
	}
	value := func(path string) string {
		return "nullif(json_unquote(json_extract(" + workflow + ", '$." + path + "')), 'null')"
	}
	return "coalesce(" + value("status.startedAt") + ", " + value("metadata.creationTimestamp") + ")"
}
