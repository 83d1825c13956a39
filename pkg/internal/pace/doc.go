// Package pace spaces out the attempts of a request: 50 ms to 5 s apart with jitter, or as far apart
// as the server asks for, until a time is reached or a context ends. After a conflict the next attempt
// follows within 300 ms.
//
// It guarantees:
//   - No attempt begins after [Pacer].Until, and no pause outlasts its context.
//   - [Do] returns what its last attempt returned; if the context ended, an error that unwraps to
//     the context's cause and matches the context's Err.
//   - Clients that share an [Outage] agree on when the API server was last unavailable. For some
//     seconds after that, a refusal is retried, since an API server serves requests before it knows
//     all roles and accounts.
//
// It does not classify errors, which package fault does, and does not know what an attempt sends.
package pace
