/** What every code means to people: with the table of verdicts what docs/errors.md is generated from. */
import type { ErrorCode } from './errors.ts';

export interface GuideRow {
  /** What happened. */
  readonly means: string;
  /** What Kalends does, where it is not what the verdict says. */
  readonly does?: string;
  /** Where the operator or the application meets it. */
  readonly seen: string;
  /** What to do; the same for operator and application unless it names one of them. */
  readonly todo: string;
}

const profile = '`ops inspect`: state of the profile, and the log';
const scope = '`ops inspect`: state of the calendar or profile, with evidence, and the log';
const write = 'the operation: `rejected` with this reason';
const nowhere = 'only in the log, where it recurs';
const patience = 'nothing: it passes, or becomes a quarantine with evidence';
const problem = '`ops inspect`: `problems`; the API does not serve what could not be understood';
const keptAsIs = 'keeps the resource as received; no other is affected';
const endsTurn = 'ends the turn; the next one reads everything again';

/** One row for each code: a code without its row does not compile. */
export const errorGuide = {
  connect_failed: {
    means: 'no connection could be made; nothing was sent',
    seen: profile,
    todo: 'check that the calendar server runs and that this host may reach it',
  },
  name_not_found: {
    means: 'DNS does not know the host',
    seen: profile,
    todo: 'check the address, and the resolver of this host',
  },
  tls_failed: {
    means: 'no secure connection could be made',
    seen: profile,
    todo: 'have the certificate of the calendar server renewed; verification cannot be switched off',
  },
  timed_out: {
    means: 'no complete answer came in time; the request may have been carried out',
    does: 'as `transient`; a write is read back before anything else is tried',
    seen: `${profile}; an application whose request took too long inside gets 503`,
    todo: patience,
  },
  cut_short: {
    means: 'the connection ended before the whole answer; the request may have been carried out',
    does: 'as `transient`; a write is read back before anything else is tried',
    seen: `${profile}; an application whose own request was cut gets 422`,
    todo: patience,
  },
  address_refused: {
    means: 'the name leads to a private, link-local or reserved address',
    seen: `${profile}; \`connect\` and a channel's deliveries say so at once`,
    todo: 'where that is meant, allow it with `KALENDS_ALLOWED_ADDRESSES`',
  },
  redirect_refused: {
    means: 'the server redirects to another site, or from https down to http',
    seen: profile,
    todo: 'connect again with the address that it redirects to, if that one is to be trusted',
  },
  too_many_redirects: {
    means: 'the server redirects in a circle or without end',
    seen: profile,
    todo: 'have the calendar server mended, or connect again with the final address',
  },
  body_too_large: {
    means: 'an answer, or the body of a request to us, is larger than any honest one',
    does: 'reads no further; a resource is set aside alone, a listing is asked for in smaller pieces',
    seen: `${scope}; an application gets 413 for its own body`,
    todo: 'application: send less at once; operator: look for attachments inside events',
  },
  bad_request: {
    means: 'the server does not take the request (400)',
    seen: write,
    todo: "read the operation's description",
  },
  unauthorized: {
    means: 'the credentials were refused (401), which servers do with right ones, too',
    does: 'as `auth_suspect`: three refusals over half an hour become a relink, over three days where the host refuses others as well; a host that refuses five logins at once is set aside as a whole, like one that is down',
    seen: `${profile}; when it became a relink applications get \`profile_disconnected\``,
    todo: 'nothing yet; if `ops hosts` lists the host, ask whoever runs it; the person may connect again at any time',
  },
  credentials_revoked: {
    means: 'consent is void by the word of the provider (`invalid_grant`)',
    seen: `${profile}; applications get \`profile_disconnected\``,
    todo: 'the person connects the calendar again; what waited is then carried out',
  },
  payment_required: {
    means: 'the service was ended for this account (402, 451)',
    seen: profile,
    todo: "the person settles it with the calendar's provider",
  },
  forbidden: {
    means: 'refused without a reason (403)',
    seen: scope,
    todo: 'look at the evidence; often a share that was withdrawn or a server that is being changed',
  },
  privilege_missing: {
    means: 'the account may not do this to the calendar',
    seen: `${write}; \`ops inspect\`: state of the calendar`,
    todo: "the calendar's owner grants it, or the application writes to another calendar",
  },
  not_found: {
    means: 'the server says that it is not there (404, 410)',
    does: 'as `gone`; where nothing of the account is there, it is looked for elsewhere (principal, `.well-known`, the address that was typed) and followed, else the profile is quarantined and probed',
    seen: `\`ops explain\`: the evidence of a removal, once there is any; ${profile}`,
    todo: 'nothing; where the whole profile is set aside with it, connect again with the address that the provider names now',
  },
  misdirected: {
    means: 'the server does not keep this account (421)',
    does: 'as `ambiguous`; the account is looked for elsewhere first',
    seen: scope,
    todo: 'nothing; if it lasts, connect again with the address that the provider names now',
  },
  method_unsupported: {
    means: 'the server does not know the method or report (405, 415; of what is read also 501)',
    does: 'uses another way where there is one; a write ends as rejected',
    seen: `${write}; else nowhere`,
    todo: 'nothing for reading; where writes are rejected, the server cannot do what was asked',
  },
  uid_conflict: {
    means: 'another resource of the calendar has this UID',
    does: 'pulls the calendar to find what carries the event, and reconciles with that, a few times',
    seen: 'the operation, if it persists',
    todo: 'nothing',
  },
  uid_burned: {
    means: 'the server keeps a removed event with this UID, and takes it for no other (the trash bin of Nextcloud)',
    does: 'writes the event under a new name and UID, a few times',
    seen: 'the operation, if it persists',
    todo: 'nothing',
  },
  parent_missing: {
    means: 'the calendar to be written to is not there (404, or a bare 409 or 403 while it answers that it is gone)',
    does: 'reads the list of calendars: where this one is gone, its writes end as rejected; else they are tried again',
    seen: 'the operation, if the calendar is gone or cannot be made there',
    todo: 'nothing',
  },
  conflicting_state: {
    means:
      'the server cannot do this to the resource as it stands (409), or names no version of it that could be guarded',
    seen: 'the operation, if it persists',
    todo: 'nothing',
  },
  precondition_failed: {
    means: 'the resource changed since it was read (412), or what should be overwritten is not there any more',
    seen: 'the operation, if it persists',
    todo: 'nothing',
  },
  content_refused: {
    means: 'the server does not take this content (403, 413 or a named condition such as `valid-calendar-data`)',
    seen: write,
    todo: "change the event as the operation's description says",
  },
  uri_too_long: {
    means: 'the name of the resource is too long for the server (414)',
    seen: write,
    todo: 'report it: Kalends chooses short names, so this one came from the server',
  },
  locked: {
    means: 'somebody holds a WebDAV lock (423)',
    seen: nowhere,
    todo: patience,
  },
  rate_limited: {
    means: 'too many requests (429, or 503 with Retry-After)',
    seen: profile,
    todo: 'nothing; if it lasts, poll less often (`KALENDS_POLL_MS`)',
  },
  sync_token_invalid: {
    means: 'the server does not know the sync token any more',
    seen: nowhere,
    todo: 'nothing',
  },
  server_error: {
    means: 'the server failed (500): an outage, a poisonous resource, or bad credentials behind a proxy',
    seen: scope,
    todo: 'look at the evidence; what fails alone is probed alone, the rest goes on',
  },
  unavailable: {
    means: 'the server is not available (503, 420)',
    seen: profile,
    todo: patience,
  },
  gateway_failed: {
    means: 'a proxy got no answer from the server (502, 504); the request may have been carried out',
    does: 'as `transient`; a write is read back before anything else is tried',
    seen: profile,
    todo: patience,
  },
  quota_exceeded: {
    means: 'the mailbox is full (507)',
    does: 'the write waits, as seldom tried as a probe, until it expires',
    seen: '`ops inspect`: `waiting_intents`; the operation: `queued`',
    todo: 'the person makes room; the write then follows by itself',
  },
  limit_refused: {
    means: 'the server will not answer a question of this size (507, `number-of-matches-within-limits`)',
    seen: nowhere,
    todo: 'nothing',
  },
  unexpected_status: {
    means: 'a status that no row of the table knows',
    seen: scope,
    todo: 'look at the evidence and report it: it deserves a row',
  },
  answered_elsewhere: {
    means:
      'a redirect, or the server itself, led to something else than what was asked for: a front page, another partition',
    does: 'as `ambiguous`; nothing is called gone because of it, and what is shown gone there waits',
    seen: scope,
    todo: 'if the calendars have moved for good, connect again with their new address; else wait until the server is right again',
  },
  not_multistatus: {
    means: 'the answer is something else than was asked for: HTML of a login or maintenance page, JSON, nothing',
    does: 'as `transient`, and never as an empty calendar',
    seen: profile,
    todo: 'look whether a captive portal or a proxy stands between',
  },
  malformed_multistatus: {
    means: 'the document is cut, doubled, has a document type or entities, or is too deep',
    does: 'as `transient`; nothing of it is believed',
    seen: profile,
    todo: 'look for a proxy that cuts; if it is always the same calendar, report the server',
  },
  not_a_calendar_server: {
    means: 'no calendar was found at the address',
    seen: '`connect`',
    todo: "give the calendar server's own address; the message says what was tried",
  },
  no_progress: {
    means: 'the server promises more and repeats itself',
    seen: nowhere,
    todo: 'nothing; a server that never ends is listed as a whole instead',
  },
  resource_unparsable: {
    means: 'a resource is no iCalendar that can be understood',
    does: keptAsIs,
    seen: `${problem}; a write onto it: rejected`,
    todo: 'look at it with `ops explain`, mend it at the calendar server',
  },
  recurrence_too_expensive: {
    means: 'a series has more occurrences or needs more steps than any that people make',
    does: keptAsIs,
    seen: problem,
    todo: 'the person ends the series or makes it rarer',
  },
  recurrence_unsupported: {
    means: 'a rule of a kind that Kalends does not expand, such as SECONDLY or RSCALE',
    does: keptAsIs,
    seen: problem,
    todo: 'report it if a calendar program wrote it',
  },
  recurrence_invalid: {
    means: 'a rule that says nothing that could be carried out',
    does: keptAsIs,
    seen: problem,
    todo: 'the person saves the series anew',
  },
  resource_too_large: {
    means: 'a resource has more bytes, lines, levels or events than any honest one',
    does: 'keeps the resource as received, or its first 4 million characters; no other is affected',
    seen: problem,
    todo: 'look for attachments inside the event',
  },
  suspicious_delta: {
    means: 'a calendar claims more removals than people are likely to make',
    does: 'applies additions, holds every removal, and verifies by direct requests; a contradiction quarantines the calendar; what alone cannot be verified stays held, and the calendar goes on',
    seen: '`ops inspect`: `held` of the calendar',
    todo: 'nothing; look whether the calendar was really emptied',
  },
  removals_held: {
    means: 'a write met the answer that its event is gone, while the sentinel holds removals of that kind of server',
    does: 'records no removal and makes no second copy; the write is tried again with growing delays until removals are believed',
    seen: '`ops sentinel`, `ops held`, and the log',
    todo: 'see whether the event is there: `ops sentinel release` when the server is right',
  },
  write_conflict_persists: {
    means: 'the event changed at the calendar server during each of several attempts',
    does: 'the write ends as rejected',
    seen: write,
    todo: 'application: read the event and write again',
  },
  calendar_read_only: {
    means: 'the calendar cannot be written to',
    seen: `403, or ${write}`,
    todo: 'application: choose a calendar that is not `calendar_readonly`',
  },
  calendar_unknown: {
    means: 'there is no such calendar in this account',
    seen: `404, or ${write}`,
    todo: 'application: read the list of calendars again',
  },
  calendar_gone: {
    means: 'the calendar was removed or unshared while the write waited',
    seen: write,
    todo: 'application: choose another calendar',
  },
  not_permitted: {
    means: 'the token, or the grant as it is today, does not allow this',
    seen: `403, or ${write}`,
    todo: 'application: ask the person for the scope',
  },
  profile_locked: {
    means: 'the profile is disconnected, or waits for a relink: nothing can be written through it',
    seen: '423',
    todo: 'the person connects the calendar again',
  },
  invalid_input: {
    means: 'a parameter is missing or makes no sense',
    seen: `422 with the fields at fault, or ${write}`,
    todo: 'application: correct what the answer names',
  },
  not_owner: {
    means: 'another node runs this profile by now',
    does: endsTurn,
    seen: nowhere,
    todo: 'nothing',
  },
  unknown_token: {
    means: 'the access token is missing, unknown, expired or revoked',
    seen: '401',
    todo: 'application: use the current token, or have the person connect again',
  },
  not_known: {
    means: 'there is nothing of this name or id that the caller may see',
    seen: '404; operators: the message of the command',
    todo: 'check the id',
  },
  intent_expired: {
    means: 'an accepted write could not be carried out in the time that was promised',
    seen: 'the operation: `expired` with this reason',
    todo: 'operator: see why the profile could not work; application: write again if it is still wanted',
  },
  store_full: {
    means: 'the disk, or a quota of the database, is full',
    does: 'acknowledges nothing and goes on when there is room',
    seen: '503, and the log',
    todo: 'make room',
  },
  store_unavailable: {
    means: 'the database does not answer, or its file cannot be read',
    does: 'acknowledges nothing; reads and writes go on when it is back',
    seen: '503, and the log',
    todo: 'look at the database',
  },
  store_conflict: {
    means: 'too many writers wanted the same document at once',
    does: endsTurn,
    seen: '503',
    todo: 'application: send the request again',
  },
  duplicate_key: {
    means: 'something of this key is there already',
    does: 'reads what is there and decides again',
    seen: nowhere,
    todo: 'nothing',
  },
  second_owner: {
    means: 'another node appended to this profile; the log refused ours',
    does: endsTurn,
    seen: nowhere,
    todo: 'nothing; if it recurs, two deployments share one database',
  },
  shutting_down: {
    means: 'this process is being stopped',
    does: 'finishes or gives up what is under way; another node or the next start goes on',
    seen: '503',
    todo: 'application: send the request again',
  },
  process_died: {
    means: 'the process died while it asked this of the provider: killed, out of memory, or a power cut',
    does: 'counts it as a failure of what was asked; one that kills each process that tries ends in quarantine',
    seen: `log of the next process; ${scope}`,
    todo: 'nothing after a restart by hand; if it recurs for one calendar, look at its size and at the memory of the process',
  },
  configuration_invalid: {
    means: 'the settings cannot be used as they are',
    does: 'does not start',
    seen: 'the command line',
    todo: 'correct what the message names; `kalends config` shows every setting',
  },
  unsealable: {
    means: 'a sealed secret does not open: its key is missing, or it was changed',
    seen: profile,
    todo: 'put the key back into the ring (`KALENDS_KEYS` or the file `sealing-keys`); without it the person must connect again',
  },
  internal: {
    means: 'a defect of Kalends, or a failure that it has no name for',
    seen: `500 with a request id; ${scope}`,
    todo: 'report it with the log around the request id',
  },
} as const satisfies Record<ErrorCode, GuideRow>;
