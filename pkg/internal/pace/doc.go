// Package pace spaces out the attempts of a request: from 50 ms up to 5 s apart, jittered, or as
// far apart as the server asks for, until a time is reached or a context ends.
//
// It guarantees:
//   - No attempt begins after [Pacer].Until, and no pause outlasts its context.
//   - [Do] returns what its last attempt returned; if the context ended, an error that unwraps to
//     the context's cause and matches the context's Err.
//   - The clients that share an [Outage] agree on when the API server was last away. For some
//     seconds after that a refusal is worth another attempt, since an API server serves requests
//     before it knows all roles and accounts.
//
// Whether an error is worth another attempt is package fault's to say. What an attempt sends,
// and who is told of a retry, is the caller's affair.
package pace
