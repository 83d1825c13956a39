// Package leash ties the lifetime of child processes, and of the folder they
// work in, to the process that starts them: however that process ends, SIGKILL
// included, the children end and the folder goes.
//
// It works by running each child under a wrapper, which is the same program
// started again under another name. [Main] recognises that name, so it has to
// be the first line of main or TestMain. The wrapper waits for a file lock that
// only the parent holds; the kernel drops the lock when the parent dies, for
// whatever reason, and the wrapper then kills its child. One more wrapper, the
// janitor, waits for the others to end and removes the folder.
//
// It needs flock, so Linux, macOS and the BSDs. On Linux the processes that a child
// has started end as well when the parent dies, and a child dies with its wrapper;
// elsewhere the former stay, and a SIGKILL of a wrapper itself leaves its child
// running.
package leash
