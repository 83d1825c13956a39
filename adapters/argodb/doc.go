// Package argodb reads the database of Argo's workflow-controller: the archive of ended workflows, as
// a [workflow.History], and the nodes that are too large for etcd, as a [workflow.NodeStore]. The
// database is PostgreSQL, MySQL or MariaDB, in the schema of any Argo from 3.6 to 4.1.
//
// The host opens the database with the driver of its choice, such as github.com/jackc/pgx/v5/stdlib or
// github.com/go-sql-driver/mysql. This package imports none.
//
// Rights to read the tables suffice, except for [Database.SaveNodes], which inserts rows. Each call
// sends one statement at a time, each bounded by [Options].Timeout, and holds no connection and no
// transaction in between. Only a list that has begun is continued after a failure that passes. Otherwise
// nothing is repeated: database/sql replaces connections that are known to be broken, and the caller
// decides about the rest; see [Error.Transient].
//
// What a row may weigh is limited by [Options].MaxSize. A larger one is an error and is not
// transferred.
//
// # Times
//
// The controller writes its local clock into the columns of time, without an offset. So all times that
// decide are those in the workflow's JSON. The columns narrow down what is read, with a margin for any
// offset, and are the order of [Database.List]. That order is exact unless the controller's clock is
// set back, as at the end of daylight saving time: the workflows of that hour are then mixed.
//
// In MySQL and MariaDB these columns are converted to the time zone of the session. Give it a fixed
// offset (time_zone='+00:00' in the data source name of go-sql-driver/mysql); with daylight saving
// time, List can skip workflows that started in the hour that occurs twice. In PostgreSQL leave the
// session's time zone alone: the controller deletes saved nodes that are not in use by their age, which
// it compares on the clock of its own session.
package argodb
