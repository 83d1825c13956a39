// Package argodb has tests of adapters/argodb on real servers, with tables as the versions of Argo create
// them. DATABASES names the servers, postgresql or mariadb or both; the default is postgresql.
//
// They are not in the adapter's module, whose go.mod is part of every host's: they need the drivers, and
// the processes of package envtest.
package argodb
