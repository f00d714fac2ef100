// Keeps a page up to date: fetches its JSON document and writes the values into the elements that name them.
// The server draws the same (binding.py, formats.py). Values are only ever written as text, or into the attributes
// listed below; nothing is made from strings of HTML.
"use strict";

(() => {
  const POLL = 3000; // milliseconds between two questions
  const LONGEST = 30000; // and at most, while nobody answers
  const NOTHING = "–";
  const SVG = "http://www.w3.org/2000/svg";
  const ATTRIBUTES = new Set(["href", "title", "datetime", "aria-label", "data-kind", "data-count", "data-row-key"]);

  const root = document.body.dataset.root;
  const main = document.getElementById("main");
  const notice = document.getElementById("notice");
  const freshness = document.getElementById("freshness");
  const updates = document.getElementById("updates");

  let data = null; // the document, as it was last given
  let tag = null; // its ETag
  let skew = Date.parse(document.body.dataset.now) - Date.now(); // the scheduler's clock less ours
  let today = document.body.dataset.now.slice(0, 10); // in the scheduler's zone
  let failures = 0;
  let timer = 0;
  let paused = false;
  let gone = false;

  // -- formats --------------------------------------------------------------------------------------------

  const OUTCOMES = {
    success: "succeeded", fail: "failed", skip: "skipped", singleton_rescheduled: "dropped", tick_missed: "tick missed",
    tick_skipped: "tick skipped", tick_unguarded: "ran unguarded", tick_crashed: "crashed", tick_recovered: "recovered",
    tick_lost: "claim lost", tick_amnesia: "store forgot", tick_corrupt: "store corrupt",
  };
  const STATES = {
    running: "running", paused: "paused", failed: "failed", late: "late", ok: "succeeded", skipped: "skipped",
    new: "not run yet", shut_down: "shut down",
  };
  const word = (words, value) => (Object.hasOwn(words, value) ? words[value] : value);
  const now = () => Date.now() + skew;

  function rough(seconds) {
    const whole = Math.floor(seconds);
    if (whole < 1) return "now";
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min`;
    if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
    return `${Math.floor(whole / 86400)} d ${Math.floor(whole / 3600) % 24} h`;
  }

  function strip(outcomes) {
    const counts = {};
    for (const outcome of outcomes) counts[word(OUTCOMES, outcome)] = (counts[word(OUTCOMES, outcome)] || 0) + 1;
    const said = Object.values(OUTCOMES).filter((name) => counts[name]).map((name) => `${counts[name]} ${name}`);
    return said.join(", ") || "no runs";
  }

  const formats = {
    text: String,
    line(value) {
      const first = [...value.split("\n", 1)[0]];
      return first.length > 120 ? `${first.slice(0, 119).join("")}…` : first.join("");
    },
    time: (value) => (value.slice(0, 10) === today ? value.slice(11, 19) : `${value.slice(0, 10)} ${value.slice(11, 16)}`),
    moment: (value) => `${value.slice(0, 10)} ${value.slice(11)}`,
    full: (value) => `${value.slice(0, 10)} ${value.slice(11, 19)} ${value.slice(23)}`,
    ago(value) {
      const seconds = (now() - Date.parse(value)) / 1000;
      const distance = rough(Math.abs(seconds));
      return distance === "now" ? distance : seconds > 0 ? `${distance} ago` : `in ${distance}`;
    },
    span(seconds) {
      if (seconds < 0.9995) return `${Math.floor(seconds * 1000 + 0.5)} ms`;
      if (seconds < 59.95) {
        const tenths = Math.floor(seconds * 10 + 0.5);
        return `${Math.floor(tenths / 10)}.${tenths % 10} s`;
      }
      const whole = Math.floor(seconds + 0.5);
      return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : rough(whole);
    },
    outcome: (value) => word(OUTCOMES, value),
    state: (value) => word(STATES, value),
    yes: (value) => (value ? "yes" : "no"),
    reachable: (value) => (value ? "reachable" : "not reachable"),
    strip,
    lane(job) {
      const running = job.running_since ? ", runs now" : "";
      const due = job.more_ticks ? `more than ${job.ticks.length}` : job.ticks.length;
      return `last hour: ${strip(job.runs.map((run) => run.outcome))}${running}; next hour: ${due} due`;
    },
    job: (value) => `${root}/jobs/${encodeURIComponent(value)}`,
    tag: (value) => `${root}/jobs?tag=${encodeURIComponent(value.toWellFormed ? value.toWellFormed() : value)}`,
  };

  // Control characters and marks that turn the direction of writing: a name must not rearrange the page.
  const readable = (text) =>
    text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");

  const show = (value, form) => (value === null || value === undefined ? NOTHING : readable(formats[form](value)));

  function valueAt(value, path) {
    if (path === ".") return value;
    for (const name of path.split(".")) {
      value = value !== null && typeof value === "object" && Object.hasOwn(value, name) ? value[name] : null;
    }
    return value;
  }

  const isEmpty = (value) => !value || (Array.isArray(value) && value.length === 0);

  // -- writing into the page ------------------------------------------------------------------------------

  function fill(node, value) {
    const bound = node.dataset;
    if (bound.attr) for (const part of bound.attr.split(" ")) setAttribute(node, part, value);
    if (bound.show) node.hidden = isEmpty(valueAt(value, bound.show.replace(/^!/, ""))) !== bound.show.startsWith("!");
    if (bound.lane !== undefined) return drawLane(node, value);
    if (bound.text) {
      const [path, form] = bound.text.split("|");
      const text = show(valueAt(value, path), form);
      if (node.textContent !== text) node.textContent = text;
    } else if (bound.rows) {
      fillRows(node, valueAt(value, bound.rows) || []);
    } else {
      for (const child of node.children) fill(child, value);
    }
  }

  function setAttribute(node, part, value) {
    const colon = part.indexOf(":");
    const [path, form] = part.slice(colon + 1).split("|");
    const name = part.slice(0, colon);
    const found = valueAt(value, path);
    if (!ATTRIBUTES.has(name)) return;
    if (found === null || found === undefined) return node.removeAttribute(name);
    let text = show(found, form || "text");
    if (name === "title" && form === "moment") text += ` · ${new Date(found).toLocaleString()} here`;
    if (node.getAttribute(name) !== text) node.setAttribute(name, text);
  }

  // Rows keep their elements, so that focus and selection stay where they are.
  function fillRows(list, members) {
    const template = list.querySelector(":scope > template");
    const key = list.dataset.key;
    const focused = document.activeElement;
    const nameOf = (member, place) => (key ? String(valueAt(member, key)) : String(place));
    const wanted = new Set(members.map(nameOf));
    const known = new Map();
    [...list.children].filter((child) => child !== template).forEach((row, place) => {
      const name = key ? row.dataset.rowKey : String(place);
      if (wanted.has(name)) known.set(name, row);
      else row.remove();
    });
    members.forEach((member, place) => {
      const row = known.get(nameOf(member, place)) || template.content.firstElementChild.cloneNode(true);
      fill(row, member);
      if (list.children[place] !== row) list.insertBefore(row, list.children[place]);
    });
    // A row that was moved has lost it.
    if (document.activeElement !== focused && focused.isConnected) focused.focus({ preventScroll: true });
  }

  function drawLane(lane, job) {
    const place = (moment) => Math.min(Math.max(Math.floor((Date.parse(moment) - now()) / 1000 + 0.5) + 3600, 0), 7200);
    const shapes = [];
    const shape = (name, attributes) => {
      const node = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      shapes.push(node);
    };
    const bar = (start, end, kind) =>
      shape("rect", { x: start, y: 4, width: Math.max(end - start, 1), height: 12, "data-kind": kind });

    if (job.kept_since !== null) bar(0, place(job.kept_since), "unknown");
    const ticks = job.ticks.map(place);
    if (job.more_ticks) bar(ticks[0], 7200, "tick");
    else if (ticks.length) shape("path", { d: ticks.map((tick) => `M${tick} 5V15`).join(""), class: "ticks" });
    for (const run of job.runs) bar(place(run.start), place(run.end), run.outcome);
    if (job.running_since !== null) bar(place(job.running_since), 3600, "running");
    shape("path", { d: "M3600 0V20", class: "now" });
    lane.querySelector("svg").replaceChildren(...shapes);
  }

  function refresh() {
    if (data !== null && !document.hidden) fill(main, data);
  }

  // -- asking -----------------------------------------------------------------------------------------------

  function say(text, kind) {
    notice.hidden = !text;
    notice.textContent = text;
    notice.dataset.kind = kind || "";
  }

  // The page's own address may have a name and a password in it, and of such a one nothing relative can be fetched.
  const absolute = (path) => location.origin + path;

  async function poll() {
    clearTimeout(timer);
    if (document.hidden || paused || gone) return;
    try {
      const headers = tag === null ? {} : { "If-None-Match": tag };
      // The ETag is kept here: the browser is told to store nothing.
      const answer = await fetch(absolute(main.dataset.poll), { headers, cache: "no-store", credentials: "same-origin" });
      hear(answer, answer.status === 200 ? await answer.json() : null);
    } catch (error) {
      failures += 1;
      // Why is not known here: the network, the server, a proxy, an extension, or this script.
      say(`News cannot be had (${error}). What you see is old.`, "trouble");
    }
    document.body.dataset.polls = Number(document.body.dataset.polls || 0) + 1;
    timer = setTimeout(poll, Math.min(POLL * 2 ** failures, LONGEST));
  }

  function hear(answer, document_) {
    if (answer.status !== 200 && answer.status !== 304) {
      failures += 1;
      gone = answer.status === 404;
      const why = { 404: "This job is not there any more.", 401: "You are not logged in any more.", 403: "You may not see this any more." };
      return say(`${why[answer.status] || `The scheduler's process answers with an error (${answer.status}).`} What you see is old.`, "trouble");
    }
    if (failures > 0) say("");
    failures = 0;
    const time = answer.headers.get("X-Gocron-Now");
    if (time !== null) {
      skew = Date.parse(time) - Date.now();
      today = time.slice(0, 10);
      freshness.textContent = `As of ${time.slice(11, 19)}`;
    }
    if (answer.status === 200) {
      tag = answer.headers.get("ETag");
      data = document_;
    }
    refresh();
  }

  updates.hidden = false;
  updates.addEventListener("click", () => {
    paused = !paused;
    updates.setAttribute("aria-pressed", String(paused));
    if (!paused) poll();
  });
  document.addEventListener("visibilitychange", () => document.hidden || poll());
  setInterval(() => paused || gone || refresh(), 1000);

  // -- changes ----------------------------------------------------------------------------------------------

  const DONE = { run: "A run was handed over.", pause: "Paused.", resume: "It goes on.", remove: "Removed." };

  async function change(button) {
    const what = button.dataset.change;
    if (what === "remove" && !(await confirmed())) return;
    button.disabled = true;
    clearTimeout(timer); // what is asked meanwhile may be of a job that is gone
    try {
      const answer = await fetch(absolute(button.dataset.path), {
        method: "POST", headers: { "X-Gocron-Dashboard": "1" }, cache: "no-store", credentials: "same-origin", redirect: "error",
      });
      const said = await answer.json();
      if (answer.ok) say(DONE[what]);
      else say(said.error || `It was not done (${answer.status}).`, "trouble");
      if (answer.ok && what === "remove") return location.assign(`${root}/jobs`);
    } catch {
      say("It is not known whether it was done: no answer came.", "trouble");
    }
    button.disabled = false;
    poll();
  }

  function confirmed() {
    const dialog = document.getElementById("confirm");
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((answer) => dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true }));
  }

  for (const button of document.querySelectorAll("button[data-change]")) {
    button.disabled = false;
    button.addEventListener("click", () => change(button));
  }

  poll();
})();
