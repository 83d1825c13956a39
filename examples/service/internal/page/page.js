// The page of the service. It shows the content of the streams and keeps no other state: after a
// reload, or from another process of the service, it looks the same. Every string is set as text, and
// no name from outside is a property of an object, an ID or the name of a field: a field called
// addEventListener would replace that method of its form.

const at = (id) => document.getElementById(id);
let standings = new Map(); // by session, in the service's order
let shown = null; // the session that is looked at

// --- strings

// Characters that are invisible, or that change the reading order, are shown by their code points.
const unseen = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}]/gu;
const numbered = (character) => `\\u{${character.codePointAt(0).toString(16)}}`;
const visible = (value) => String(value).replace(unseen, numbered);

function text(node, value) {
  const seen = visible(value);
  if (node.textContent !== seen) node.textContent = seen;
}

function make(tag, className, ...inner) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...inner.map((each) => (each instanceof Node ? each : visible(each))));
  return node;
}

// call gives a node a name for screen readers.
function call(node, name) {
  node.setAttribute("aria-label", visible(name));
}

function show(node, value) {
  node.hidden = !value;
  text(node, value || "");
}

function duration(ms) {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

const clock = (time) => (time ? new Date(time).toLocaleString() : "");
const backfillOf = (standing) => (standing && standing.success ? standing.data : null);
const stateOf = (standing) => (backfillOf(standing) ? standing.data.status.state : "unknown");
const words = new Map([["NotStarted", "Not started"]]);
const wordOf = (state) => words.get(state) || state;
// A workflow of the history is no longer in the cluster.
const placeOf = (source) => (source === "history" ? "deleted, known from the history" : "in the cluster");

// --- requests to the service

const patience = 40000; // ms: the service itself answers sooner

// looking is the run that is shown. Changes apply to it even if it has changed when they are confirmed:
// the service then refuses them.
function looking() {
  const data = backfillOf(standings.get(shown));
  return { session: shown, run: data ? data.status.run || 0 : undefined };
}

async function ask({ session, run }, method, path, body) {
  let problem;
  try {
    const answer = await fetch(`api/v1/backfills/${encodeURIComponent(session)}/${path}`, {
      method,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ run, ...body }),
      signal: AbortSignal.timeout(patience),
    });
    if (answer.ok) {
      show(at("alert-text"), "");
      at("alert").hidden = true;
      return true;
    }
    problem = await answer.json();
  } catch {
    problem = { detail: "The service is unreachable or doesn't answer. The outcome will be shown when it does." };
  }
  at("alert").hidden = false;
  show(at("alert-text"), `${session}: ${problem.detail || problem.title}`);
  return false;
}

// enable sets whether a button does something. An inactive one keeps the focus, unlike a disabled one.
function enable(button, sensible) {
  button.setAttribute("aria-disabled", String(button.dataset.busy === "yes" || !sensible));
}

// once prevents a button from being pressed again while its request is in progress.
async function once(button, work) {
  button.dataset.busy = "yes";
  render();
  try {
    await work();
  } finally {
    delete button.dataset.busy;
    render();
  }
}

// confirm asks with a dialog. It returns null for no, and otherwise the entered text. Showing another
// backfill counts as no.
function confirm(head, explanation, yes, field) {
  const dialog = at("ask");
  text(at("ask-head"), head);
  text(at("ask-text"), explanation);
  text(at("ask-yes"), yes);
  at("ask-field").hidden = !field;
  at("ask-input").value = "";
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? at("ask-input").value : null), { once: true });
  });
}

// --- the list

function renderList() {
  const list = at("list");
  for (const [session, standing] of standings) {
    let link = [...list.querySelectorAll("a")].find((a) => a.dataset.session === session);
    if (!link) {
      link = make("a", "", make("strong"), make("span", "state"));
      link.dataset.session = session;
      link.href = `#${encodeURIComponent(session)}`;
      list.append(make("li", "", link));
    }
    text(link.querySelector("strong"), session);
    const state = link.querySelector(".state");
    text(state, wordOf(stateOf(standing)));
    state.dataset.state = stateOf(standing);
    if (session === shown) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

// --- the backfill that is shown

function renderHead(standing) {
  const data = backfillOf(standing);
  text(at("session"), shown);
  const state = stateOf(standing);
  text(at("state"), wordOf(state));
  at("state").dataset.state = state;
  document.title = visible(`${shown}: ${wordOf(state)}`);
  let unknown = standing.success ? "" : `Unknown: ${standing.error}`;
  if (data?.stale) unknown = "The cluster is unreachable. This is the backfill's last known state.";
  show(at("unknown"), unknown);
  if (!data) {
    text(at("workflow"), "");
    show(at("message"), "");
    return;
  }
  const { workflow, run, failed } = data.status;
  const parts = [];
  if (workflow.name) parts.push(`${run ? "workflow" : "will be workflow"} ${workflow.namespace}/${workflow.name}`);
  if (run) parts.push(`run ${run}`);
  if (workflow.started) parts.push(`since ${clock(workflow.started)}`);
  if (workflow.finished) parts.push(`ended ${clock(workflow.finished)}`);
  if (workflow.source === "history") parts.push(placeOf(workflow.source));
  text(at("workflow"), parts.join(", "));
  const why = [workflow.message, ...((failed.success && failed.data) || []).map((n) => `${n.name}: ${n.message || n.phase}`)];
  if (data.more?.failed) why.push(`${data.more.failed} more steps have failed`);
  show(at("message"), why.filter(Boolean).join("; "));
}

function failedDocuments(standing) {
  const found = backfillOf(standing)?.status.failedDocuments?.data;
  if (found?.presence !== "present") return "";
  return `; documents failed${found.place ? `, recorded in ${found.place}` : ""}`;
}

function renderShards(standing) {
  const bar = at("shards");
  const result = backfillOf(standing)?.status.shards;
  const shards = result?.success ? result.data : null;
  const counted = shards && shards.state !== "Pending" && shards.state !== "Initializing";
  if (counted) {
    bar.value = shards.percentage;
    text(at("percentage"), `${Math.floor(shards.percentage)} %`);
    const done = shards.state.startsWith("Completed");
    const extra = done ? "" : `, ${shards.inProgress} in progress, ${shards.waiting} waiting`;
    text(at("shards-text"), `${shards.completed} of ${shards.total} completed${extra}${failedDocuments(standing)}`);
    text(at("eta"), shards.etaMs ? `about ${duration(shards.etaMs)} left` : done ? "" : "time left: unknown");
    return;
  }
  bar.removeAttribute("value");
  text(at("percentage"), shards ? "–" : "unknown");
  text(at("eta"), "");
  if (shards) text(at("shards-text"), shards.state === "Pending" ? "no working state yet" : "being laid out");
  else text(at("shards-text"), result ? `unknown: ${result.error}` : "unknown");
}

function renderPods(standing) {
  const result = backfillOf(standing)?.status.pods;
  if (!result?.success) {
    text(at("pods"), result ? `unknown: ${result.error}` : "unknown");
    return;
  }
  const { running, pending, terminating, desired } = result.data;
  const parts = [running || desired ? `${running} of ${desired} running` : "none"];
  if (pending) parts.push(`${pending} pending`);
  if (terminating) parts.push(`${terminating} terminating`);
  text(at("pods"), parts.join(", "));
}

// Only actions that make sense in the state are offered; if it is unknown, all are.
function renderActions(standing) {
  const data = backfillOf(standing);
  const state = stateOf(standing);
  const ended = ["Succeeded", "Failed", "Stopped"].includes(state);
  // At a gate, and not also paused, there is nothing to resume.
  const paused = state === "Paused" && (data.suspended || !data.status.gates.data?.length);
  const desired = data?.status.pods.data?.desired;
  const offer = (id, sensible) => enable(at(id), state === "unknown" || sensible);
  at("start").dataset.restart = ended ? "yes" : "";
  text(at("start"), ended ? "Start again …" : state === "Paused" ? "Resume" : "Start");
  offer("start", ended || paused || state === "NotStarted");
  offer("pause", ["Starting", "Running"].includes(state));
  offer("stop", ["Starting", "Running", "Paused"].includes(state));
  const field = at("workers");
  if (document.activeElement !== field && !field.dataset.touched && desired) field.value = desired;
  offer("scale-now", paused || (!ended && desired > 0));
  field.readOnly = at("scale-now").getAttribute("aria-disabled") === "true";
}

function renderGates(standing) {
  const list = at("gates");
  const result = backfillOf(standing)?.status.gates;
  const known = Boolean(result?.success);
  const waiting = known ? result.data : [];
  const more = backfillOf(standing)?.more?.gates;
  let note = more ? `${more} more waiting gates are not shown here.` : waiting.length ? "" : "No gate is waiting.";
  if (!known) note = `unknown${result ? `: ${result.error}` : ""}`;
  show(at("gates-text"), note);
  for (const item of [...list.children]) {
    // While gates are unknown, the text that a user is entering stays, but can't be sent.
    for (const button of item.querySelectorAll("button")) enable(button, known && item.dataset.busy !== "yes");
    if (!known || waiting.some((gate) => lookOf(gate) === item.dataset.look)) continue;
    const focused = item.contains(document.activeElement);
    item.remove();
    if (focused) at("detail").focus(); // not the top of the page
  }
  for (const gate of waiting) {
    // An existing gate stays, with the text that a user is entering.
    let item = [...list.children].find((li) => li.dataset.look === lookOf(gate));
    if (!item) {
      item = makeGate(gate);
      list.append(item);
    }
    text(item.querySelector(".since"), `waiting since ${clock(gate.since)}${gate.until ? `, until ${clock(gate.until)}` : ""}`);
    // An object that cannot be decided by the service says why.
    show(item.querySelector(".text"), [gate.message, gate.object?.problem].filter(Boolean).join("; "));
  }
}

// lookOf contains everything that a gate's element shows: if it changes, the element is created again.
const lookOf = (gate) => JSON.stringify([gate.id, gate.name, gate.outputs]);

let made = 0; // how many fields were, for ids of their own

// makeField returns a field for an output of a gate, and a function that returns its value.
function makeField(output) {
  const choice = output.enum?.length;
  const field = make(choice ? "select" : "input");
  for (const value of output.enum || []) {
    const option = make("option", "", value);
    option.value = value; // and not what is left of it as a text, without double spaces
    field.append(option);
  }
  if (choice && output.default === undefined) field.prepend(make("option"));
  made += 1;
  field.id = `field-${made}`;
  // A list contains the value itself; a field has one line, which has to show all of it.
  const initial = output.default ?? "";
  field.value = choice ? initial : visible(initial).replace(/[\n\t]/g, numbered);
  field.required = output.default === undefined;
  field.autocomplete = "off";
  const label = make("label", "", output.description ? `${output.name}: ${output.description}` : output.name);
  label.htmlFor = field.id;
  const untouched = field.value;
  const value = () => (field.value === untouched ? initial : field.value);
  return { row: make("div", "", label, field), value };
}

function makeGate(gate) {
  const fields = (gate.outputs || []).map((output) => ({ name: output.name, ...makeField(output) }));
  const approve = make("button", "main", "Approve");
  approve.type = "submit";
  call(approve, `Approve ${gate.name}`);
  const reject = make("button", "danger", "Reject …");
  reject.type = "button";
  call(reject, `Reject ${gate.name} …`);
  const form = make("form", "", make("strong", "", gate.name), make("span", "quiet since"), make("p", "text"));
  form.append(make("div", "fields", ...fields.map((each) => each.row)), make("div", "actions", approve, reject));
  const item = make("li", "", form);
  item.dataset.look = lookOf(gate);
  const decide = async (looked, verb, body) => {
    item.dataset.busy = "yes";
    render();
    if (await ask(looked, "POST", `gates/${verb}`, { gates: [gate.id], ...body })) return; // it goes away
    delete item.dataset.busy;
    render();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // An object made from entries has them as its own properties, even one named __proto__.
    decide(looking(), "approve", { outputs: Object.fromEntries(fields.map((each) => [each.name, each.value()])) });
  });
  reject.addEventListener("click", async () => {
    const looked = looking();
    const why = await confirm(`Reject ${gate.name}?`, "This fails the gate, and usually the backfill.", "Reject", true);
    if (why !== null) decide(looked, "reject", { message: why });
  });
  return item;
}

const signs = new Map(Object.entries({ Succeeded: "✔", Failed: "✖", Error: "⚠", Running: "●", Gate: "◆", Skipped: "○", Omitted: "○" }));

function makeStep(step) {
  const phase = step.gate ? "Gate" : step.phase;
  const sign = make("span", "sign", signs.get(phase) || "◷");
  sign.dataset.phase = phase;
  sign.setAttribute("role", "img");
  call(sign, step.gate ? "waits for a decision" : step.phase);
  const facts = [];
  if (step.started && step.finished && !(step.attempts > 1)) facts.push(duration(new Date(step.finished) - new Date(step.started)));
  if (step.until) facts.push(`until ${clock(step.until)}`);
  if (step.attempts > 1) facts.push(`${step.attempts} attempts`);
  if (step.message) facts.push(step.message);
  const item = make("li", "", make("div", "", sign, make("span", "", step.name), make("span", "quiet", facts.join(", "))));
  if (step.steps?.length) item.append(make("ul", "", ...step.steps.map(makeStep)));
  return item;
}

let stepsShown = ""; // as they came, so that nothing is made anew without need
function renderSteps(standing) {
  const result = backfillOf(standing)?.steps;
  const now = JSON.stringify([shown, result]);
  if (now === stepsShown) return;
  stepsShown = now;
  const nodes = (result?.success && result.data.nodes) || [];
  at("steps").replaceChildren(...nodes.map(makeStep));
  let note = nodes.length ? "" : "None yet.";
  if (!result?.success) note = `unknown${result ? `: ${result.error}` : ""}`;
  else if (result.data.more) note = `${result.data.more} more are not shown.`;
  show(at("steps-text"), note);
}

function render() {
  renderList();
  const standing = standings.get(shown);
  at("detail").hidden = !standing;
  if (!standing) return;
  renderHead(standing);
  renderShards(standing);
  renderPods(standing);
  renderActions(standing);
  renderGates(standing);
  renderSteps(standing);
}

// --- backfills that have ended

function makeDecision({ verb, gates, more, by, at: when, message }) {
  const names = gates.concat(more ? [`${more} more`] : []).join(", ");
  return make("li", "quiet", `${verb} ${names} by ${by || "an unnamed user"}, ${clock(when)}${message ? `: ${message}` : ""}`);
}

function makePast(run) {
  const state = make("span", "state", wordOf(run.state));
  state.dataset.state = run.state;
  const facts = [`run ${run.run}`, `workflow ${run.namespace}/${run.workflow}`];
  if (run.started) facts.push(`since ${clock(run.started)}`);
  if (run.finished) facts.push(`ended ${clock(run.finished)}`);
  facts.push(placeOf(run.source));
  const item = make("li", "", make("div", "", make("strong", "", run.session), state), make("p", "quiet", facts.join(", ")));
  item.dataset.session = run.session;
  if (run.message) item.append(make("p", "message", run.message));
  const { success, data, error } = run.decisions;
  if (!success) item.append(make("p", "quiet", `who decided is unknown: ${error}`));
  else if (data.made.length) item.append(make("ul", "", ...data.made.map(makeDecision)));
  if (data?.more) item.append(make("p", "quiet", `${data.more} more decisions`));
  return item;
}

let looks = 0; // at what has ended, so that a late answer doesn't replace a later one

async function lookAtPast() {
  looks += 1;
  const look = looks;
  let list;
  let problem = "the service is unreachable or doesn't answer";
  try {
    const answer = await fetch("api/v1/past", { signal: AbortSignal.timeout(patience) });
    const body = await answer.json();
    if (answer.ok) list = body;
    else problem = body.detail || body.title;
  } catch {
    // as problem says
  }
  if (look !== looks) return;
  if (!list) {
    show(at("past-text"), `unknown: ${problem}`);
    return; // what was known stays
  }
  at("past").replaceChildren(...list.past.map(makePast));
  const notes = [];
  if (!list.past.length) notes.push("None.");
  if (list.more) notes.push("Older ones are not shown.");
  if (list.unreadable) notes.push(`${list.unreadable} workflows can't be read.`);
  show(at("past-text"), notes.join(" "));
}

// endOf is what of a backfill is listed once it has ended.
function endOf(standing) {
  const status = backfillOf(standing)?.status;
  const ended = status?.run && ["Succeeded", "Failed", "Stopped"].includes(status.state);
  return ended ? JSON.stringify([status.workflow.uid, status.state, status.workflow.source]) : "";
}

// --- announcements for screen readers

const maxNews = 5;

function announce(before, now) {
  const said = [];
  if (backfillOf(before) && stateOf(before) !== stateOf(now)) said.push(`is ${wordOf(stateOf(now))}`);
  const names = (standing) => (backfillOf(standing)?.status.gates?.data || []).map((gate) => gate.name);
  const fresh = names(now).filter((name) => !names(before).includes(name));
  if (fresh.length) said.push(`waits at ${fresh.join(", ")}`);
  if (!said.length) return;
  // After earlier announcements, which may not have been read out yet.
  at("news").append(make("p", "", `${now.session} ${said.join(" and ")}`));
  while (at("news").childElementCount > maxNews) at("news").firstElementChild.remove();
}

// --- streams

const again = 2000; // ms until a stream that has ended is opened again

function connection(state, words) {
  at("connection").dataset.state = state;
  text(at("connection"), words);
}

let silence = 37500; // ms without an event, after which a stream is lost: two and a half heartbeats

// listen opens a stream, and passes its events to the handlers of that name. It returns a function that
// closes the stream. lost is called at most once, with the reason: the stream ended, or became silent.
function listen(path, handlers, lost) {
  const stream = new EventSource(path);
  let watchdog;
  const close = () => {
    clearTimeout(watchdog);
    stream.close();
  };
  const lose = (why) => {
    close();
    lost(why);
  };
  const heard = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(lose, silence, "silence");
  };
  for (const [name, handle] of Object.entries({ alive: () => {}, ...handlers })) {
    stream.addEventListener(name, (event) => {
      heard();
      handle(JSON.parse(event.data));
    });
  }
  stream.addEventListener("bye", () => lose("bye"));
  stream.addEventListener("error", () => lose("error"));
  heard();
  return close;
}

let events = { close: null, timer: 0 }; // of the stream of all backfills

function follow() {
  if (document.hidden) return;
  clearTimeout(events.timer);
  events.close?.();
  const heard = new Set(); // the sessions of which something is known that is no older than this stream
  const see = () => {
    if ([...standings.keys()].every((session) => heard.has(session))) connection("live", "live");
  };
  const lost = (why) => {
    if (why === "bye") connection("lost", "the service restarts; reconnecting …");
    else connection("lost", "connection lost: the page may be out of date; reconnecting …");
    events = { close: null, timer: setTimeout(follow, again) };
  };
  const backfills = ({ sessions, heartbeatMs }) => {
    silence = 2.5 * heartbeatMs;
    const unheard = (session) => ({ session, success: false, error: "no state has been received yet" });
    if (sessions.join() !== [...standings.keys()].join()) at("list").replaceChildren();
    standings = new Map(sessions.map((session) => [session, standings.get(session) || unheard(session)]));
    choose();
    render();
    see();
    lookAtPast();
  };
  const status = (standing) => {
    announce(standings.get(standing.session), standing);
    if (endOf(standing) && endOf(standing) !== endOf(standings.get(standing.session))) lookAtPast();
    standings.set(standing.session, standing);
    if (standing.session === shown) followLogs(standing);
    render();
    heard.add(standing.session);
    see();
  };
  events = { close: listen("api/v1/events", { backfills, status }, lost), timer: 0 };
}

const maxLines = 1000;
const noLogs = { close: null, session: null, of: "" };
let logs = { ...noLogs };

// followLogs opens the log of the shown run, unless it is open or has been read to its end.
function followLogs(standing) {
  if (document.hidden) return;
  const status = backfillOf(standing)?.status;
  if (!status && logs.session === shown) return; // what is unknown for a while ends no log
  const of = JSON.stringify([shown, (status?.run && status.workflow.uid) || ""]);
  if (logs.of === of) return;
  logs.close?.();
  logs = { close: null, session: shown, of };
  at("logs").replaceChildren();
  if (status?.run && status.workflow.source === "history") {
    show(at("logs-text"), "None any more: its workflow was deleted.");
  } else if (status?.run) {
    show(at("logs-text"), "Nothing yet.");
    openLogs(of);
  } else if (status) {
    show(at("logs-text"), status.workflow.name ? "None: it has not been started." : "A backfill without a workflow has none.");
  } else {
    show(at("logs-text"), "unknown");
  }
}

function openLogs(of) {
  if (document.hidden || logs.of !== of) return; // nothing, or something else, is looked at by now
  logs.close?.(); // of a timer that came late
  const begin = () => {
    at("logs").replaceChildren();
    show(at("logs-text"), "Nothing yet.");
  };
  const end = ({ detail }) => {
    logs.close();
    if (detail) show(at("logs-text"), `Unknown: ${detail}`);
    else if (!at("logs").childElementCount) show(at("logs-text"), "There are none.");
    if (detail) setTimeout(openLogs, 5 * again, of);
  };
  const lost = () => {
    show(at("logs-text"), "The connection was lost, or too many logs are open; retrying …");
    setTimeout(openLogs, again, of);
  };
  logs.close = listen(`api/v1/backfills/${encodeURIComponent(shown)}/logs?tail=200`, { begin, line: addLine, end }, lost);
}

function addLine(line) {
  const list = at("logs");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const from = [line.time ? new Date(line.time).toLocaleTimeString() : "", line.node || line.pod].filter(Boolean).join(" ");
  list.append(make("li", "", make("span", "from", from), line.text));
  while (list.childElementCount > maxLines) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
  show(at("logs-text"), "");
}

// --- begin

// choose selects the session in the URL, or else the first.
function choose() {
  let wanted = "";
  try {
    wanted = decodeURIComponent(location.hash.slice(1));
  } catch {
    // not the name of a session
  }
  const next = [wanted, shown, ...standings.keys()].find((session) => standings.has(session)) ?? null;
  if (next === shown) return;
  shown = next;
  at("ask").close("no"); // what it asks is about another
  at("gates").replaceChildren();
  delete at("workers").dataset.touched;
  at("workers").value = "";
  if (shown !== null) followLogs(standings.get(shown));
  render();
}

// A hidden tab releases its connections: browsers have six for a server, and the service has a limited
// number.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    clearTimeout(events.timer);
    events.close?.();
    logs.close?.();
    logs = { ...noLogs };
    connection("asleep", "not updated while this tab is hidden");
    document.title = visible(shown ?? "Backfills"); // a state would grow old
    return;
  }
  connection("connecting", "connecting …");
  follow();
  if (standings.has(shown)) followLogs(standings.get(shown));
});
addEventListener("hashchange", () => {
  choose();
  at("detail").focus();
});
// One handler for all: an inactive button is not clicked, nor activated by Enter in a field.
document.addEventListener(
  "click",
  (event) => {
    if (!event.target.closest("[aria-disabled=true]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  { capture: true },
);
at("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address names the session
  at("detail").focus();
});
at("alert-close").addEventListener("click", () => {
  at("alert").hidden = true;
});
at("ask-no").addEventListener("click", () => at("ask").close("no"));
at("start").addEventListener("click", async () => {
  const looked = looking();
  const restart = at("start").dataset.restart === "yes";
  if (restart && (await confirm(`Start ${shown} again?`, "This creates another run of the backfill, which continues from the existing working state.", "Start again")) === null) return;
  once(at("start"), () => ask(looked, "POST", "start", { restart }));
});
at("pause").addEventListener("click", () => once(at("pause"), () => ask(looking(), "POST", "pause")));
at("stop").addEventListener("click", async () => {
  const looked = looking();
  const why = await confirm(`Stop ${shown}?`, "This ends the workflow and its workers. Starting again creates another run.", "Stop");
  if (why !== null) once(at("stop"), () => ask(looked, "POST", "stop"));
});
at("workers").addEventListener("input", () => {
  at("workers").dataset.touched = "yes";
});
at("scale").addEventListener("submit", (event) => {
  event.preventDefault();
  const looked = looking();
  once(at("scale-now"), async () => {
    const done = await ask(looked, "PUT", "scale", { workers: Number(at("workers").value) });
    if (done && looked.session === shown) delete at("workers").dataset.touched;
  });
});
follow();
