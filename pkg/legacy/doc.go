// Package legacy is the way off kubectl subprocesses. [KubectlClient] does everything of
// [workflow.Interface] by running kubectl, and [Router] sends a share of the workflows over the
// native client instead; [FromEnv] builds both as the environment says. Deleting this folder ends
// the migration; nothing but hosts imports it.
package legacy
