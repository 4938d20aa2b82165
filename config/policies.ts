/** Every number that decides when something is tried, waited for, or given up, each with its reason. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** What is kept of series; single events are kept for all time. */
export const horizon = {
  /** Cronofy's default window begins 42 days back. */
  pastDays: 42,
  /** … and ends 201 days ahead. */
  futureDays: 201,
} as const;

export const timeouts = {
  /** A TCP and TLS handshake that takes longer will not get better. */
  connectMs: 10 * second,
  /** Small questions: PROPFIND depth 0, GET. */
  requestMs: 30 * second,
  /**
   * PUT, DELETE and MKCALENDAR, with all their redirects. A write must have ended before the lease that it was started
   * under (`membership.fenceAfterMs`), and is to be possible at any time between two renewals (`heartbeatMs`): less than
   * 10 − 3 s. What takes longer may have happened, and is read back.
   */
  writeMs: 6 * second,
  /** Listings and multigets: Xandikos needs 34 ms for each resource of a multiget. */
  reportMs: 120 * second,
  /** What receivers of webhooks are promised. */
  webhookMs: 5 * second,
} as const;

export const limits = {
  /** A calendar of 50,000 events of 1 KB fits; what is larger is listed and fetched in batches. */
  reportBytes: 96 * 1024 * 1024,
  /** One resource; attachments inline are the only ones that come near. */
  resourceBytes: 4 * 1024 * 1024,
  /** A body of the HTTP API; the longest legal event is below 100 KB. */
  apiBodyBytes: 1024 * 1024,
  /** Elements inside elements; real multistatus documents stay below 12. */
  xmlDepth: 32,
  /** Elements and attributes: 50,000 events with all that is asked of each have 700,000; a million of the smallest take 0.5 GB. */
  xmlElements: 1_000_000,
  /** Hosters let people have hundreds of aliases; all stand in the profile, which each turn reads and writes. */
  addressesPerPerson: 1_000,
  redirects: 5,
  /** An excerpt kept as evidence. */
  excerptCharacters: 500,
  channelsPerAccount: 128,
} as const;

/** How long until a failed thing is tried again: `base × 2^(attempt-1)`, at most `capMs`, spread by `jitter`. */
export interface BackoffPolicy {
  readonly baseMs: number;
  readonly capMs: number;
  /** Share of the delay that is random, 0 … 1. */
  readonly jitter: number;
}

export const backoff = {
  /** Outages end within minutes or last for hours: fast at first, then patient. */
  transient: { baseMs: 2 * second, capMs: 15 * minute, jitter: 0.5 },
  /** Where a server throttles without saying for how long. */
  rateLimited: { baseMs: 30 * second, capMs: 30 * minute, jitter: 0.3 },
  /** Probes of what is quarantined: host, profile, calendar, resource; tries after a refused password, and of a write that fails alone. */
  probe: { baseMs: 5 * minute, capMs: 6 * hour, jitter: 0.2 },
  /** Credentials that no key of the ring opens: asks nobody but ourselves, and ends as soon as the key is back. */
  unsealed: { baseMs: 5 * second, capMs: 30 * second, jitter: 0.2 },
  /** Webhooks: an endpoint that restarts is told within seconds, one that is down for a night at least hourly. */
  webhook: { baseMs: 10 * second, capMs: 1 * hour, jitter: 0.2 },
  /** The stream goes through one server of our own: consumers are not to wait for hours once it is back. */
  stream: { baseMs: 2 * second, capMs: 5 * minute, jitter: 0.3 },
} as const satisfies Record<string, BackoffPolicy>;

/** A Retry-After outside these bounds is an error of the server's: clamp it. */
export const retryAfter = { minMs: 1 * second, maxMs: 6 * hour } as const;

export const quarantine = {
  /**
   * Transient failures and throttling are waited out this many times in a row; the next one ends ordinary work. What is
   * ambiguous or permanent ends it at once; a write that fails alone is tried as seldom as a probe from then on.
   */
  afterAttempts: 5,
  /**
   * What somebody asks of a profile comes before all its work: what a process dies of, or what fails, this many times is
   * given up. Most processes die of something else.
   */
  requestTriesMax: 3,
  /** Refusals of a password over at least this time, this many, with the host well, are proof (facts F). */
  relinkAfterRefusals: 3,
  relinkAfterMs: 30 * minute,
  /**
   * The same where the host refuses others as well, and does nothing else: a server that has lost sight of its passwords is
   * mended within a weekend; a household whose passwords were changed waits for somebody to ask.
   */
  relinkWithOthersAfterMs: 3 * day,
  /**
   * An account that moved to where some of its calendars are missing is followed after this long: whoever carries accounts
   * from one place to another is done by then, and waiting writes have days left.
   */
  followIncompleteAfterMs: 2 * day,
  /** Applications hear of a quarantine after this long: most outages are shorter. */
  noticeAfterMs: 1 * hour,
  /** An outage of a host concerns thousands: each is a commit and a notification. */
  noticeSpreadMs: 10 * minute,
} as const;

/** When a host fails for many at once. */
export const hosts = {
  /** This many logins without an answer between them, within a quarter of an hour, are no coincidence. */
  brokenAfterLogins: 5,
  withinMs: 15 * minute,
  /** A failure counts until somebody is answered, or nobody asks any more; the longest wait between two tries is 6 h. */
  rememberMs: 12 * hour,
  /** Two people do not lose their passwords at once while nobody is answered. */
  doubtedAfterLogins: 2,
  /** A server that comes back is easily overrun: a few first, then twice as many every ten seconds. */
  rampStart: 4,
  rampMax: 500,
  rampStepMs: 10 * second,
  /** What other nodes know of hosts is read this often. */
  lookMs: 1 * second,
  /** Whoever waits for a host looks by itself this often, whatever else was lost. */
  waitMs: 6 * hour,
} as const;

export const polling = {
  /** Most calendars: people accept five minutes. */
  baseMs: 5 * minute,
  /** Something changed within the last quarter of an hour: more is likely to. */
  activeMs: 1 * minute,
  activeForMs: 15 * minute,
  /** Nothing changed for a day. */
  quietMs: 30 * minute,
  quietAfterMs: 1 * day,
  /** New, renamed and withdrawn calendars. */
  listMs: 15 * minute,
  /** Load is spread: each interval varies by this share. */
  jitter: 0.2,
  /** A token is not trusted for ever: a complete listing is compared with the cache this often. */
  reconcileMs: 7 * day,
} as const;

export const pulling = {
  /**
   * Refs of one multiget, grown and shrunk by how long answers take: Radicale sends 500 within a second, Xandikos needs
   * 34 ms for each. What a server fails on is asked for in halves.
   */
  fetchBatch: { start: 100, min: 10, max: 500, targetMs: 3 * second },
  /** Direct GETs of one verifying turn; the first of them are the sample of all that is held. */
  verifyPerTurn: 20,
  /** Questions one by one end after this long, and go on with the next turn: a write may be waiting for this one to end. */
  roundMs: 10 * second,
  /** Pages of one delta before the token is taken for broken. */
  deltaPagesMax: 1_000,
} as const;

export const guard = {
  /** Removals within a day that are believed without a direct request. */
  removalsFloor: 5,
  removalsShare: 0.1,
  windowMs: 1 * day,
} as const;

/** See `domain/sync/sentinel/`: what servers of one kind do, against what is normal for them. */
export const sentinel = {
  /** Counts are written down this often: what a crash forgets, and how old another node's counts are. */
  flushMs: 30 * second,
  minuteMs: 1 * minute,
  /** Long enough for a population at five-minute polls, short enough for an alert within a quarter of an hour. */
  windowMs: 10 * minute,
  populationMin: 50,
  countMin: 10,
  /** One household has two or three logins; five that show the same are no coincidence. */
  profilesMin: 5,
  factor: 3,
  /** One false alarm in a billion windows, if counts were independent; they come in bursts. */
  deviations: 6,
  quietMs: 30 * minute,
  /** Weeks differ less than weekdays. */
  halfLifeMs: 7 * day,
  /** Guesses for a server that nobody knows yet, generous: people tidy up, servers touch what they store. */
  prior: { removals: 0.2, unanswered: 0.005, missing: 0.02, resyncs: 0.05, phantoms: 0.3, unreadable: 0.01 },
  priorWeight: 500,
  /** What looks like events that are lost; the others cost load and delay alone. */
  holding: ['removals', 'unanswered'],
  overrideMs: 1 * day,
  pastMax: 20,
} as const;

export const writing = {
  /** An accepted write that could not be carried out for this long is expired, with a reason. */
  expireAfterMs: 7 * day,
  /** Reconciliations after 412 or 409 before a write is rejected; and calls for reminders that its server does not keep. */
  conflictsMax: 3,
  /**
   * A call that was given up may have its effect this much later: proxies in front of calendar servers wait a minute, and
   * clocks of two nodes may be as far apart. What would end a life that may still begin waits as long.
   */
  lateEffectMs: 3 * minute,
  /**
   * What shows itself in a calendar is compared with calls that were given up: outages last for days, then both are seen.
   * One whose calendar could not be read since is kept for longer.
   */
  lateCallKeptMs: 7 * day,
  /** Late calls that one profile remembers; the oldest go first. */
  lateCallsMax: 20,
} as const;

export const runtime = {
  /** Owners look for due profiles: the bound on a lost wake-up. */
  dueSweepMs: 1 * second,
  /** Owners look for queued intents: the bound on a lost nudge. */
  intentSweepMs: 5 * second,
  /** Turns at once: pulls mostly wait for the network. */
  pullTurns: 24,
  /** … of which what fell due by itself takes no more than this: after a restart everything is due. */
  sweepTurns: 20,
  /** Kept free for writes and operators, so that a slow first sync never blocks them. */
  writeTurns: 8,
  /**
   * Turns of one host at once, and of one of which nobody was answered since somebody failed: one that hangs, for two
   * minutes at a time, leaves most slots to others.
   */
  hostPulls: 8,
  hostWrites: 3,
  suspectedPulls: 2,
  suspectedWrites: 1,
  /** Turns of all hosts of one provider. */
  providerPulls: 20,
  providerWrites: 7,
  /**
   * … of which what fell due by itself takes no more than this, and so do all together whose profile or host did not
   * answer when last asked: people whose servers are dead delay nobody whose server answers.
   */
  providerSweeps: 16,
  doubtedPulls: 8,
  doubtedWrites: 3,
  /** Due profiles taken from the store in one sweep. */
  sweepBatch: 500,
} as const;

export const notifying = {
  /** Changes come in bursts: wait until nothing came for this long … */
  quietMs: 5 * second,
  /** … but never longer than this after the first. */
  maxDelayMs: 30 * second,
  retryForMs: 24 * hour,
  /** Subscribers that are due are looked for: the bound on a quiet period that no timer of a process ended. */
  dueSweepMs: 1 * second,
  /** Subscribers whose nudge was lost are found by looking at what was projected lately. */
  sweepMs: 5 * second,
  sweepLookBackMs: 2 * minute,
  /** Notifications under way at once. */
  deliveriesAtOnce: 64,
  /** … of which one host of endpoints may take this many: one that hangs must not hold up the others. */
  deliveriesPerHost: 8,
  /** An attempt that was begun so long ago has no owner any more: twice the time-out, and time to record the answer. */
  attemptMs: 15 * second,
  /** Every profile is compared with what its subscribers were told: finds what all else missed. */
  fullSweepMs: 10 * minute,
  /** Changes looked at in one go: bounds memory when a long log waits; more are told in several notifications. */
  changesAtOnce: 20_000,
  /** Attempts that are older than they are kept for are removed this often. */
  logSweepMs: 1 * hour,
  logKeptMs: 30 * day,
} as const;

export const jetstream = {
  /** Retries of one batch inside this window are recognised by their message id. */
  duplicateWindowMs: 10 * minute,
  keptMs: 30 * day,
} as const;

export const membership = {
  heartbeatMs: 3 * second,
  /** Without an increment for this long, on the observer's own monotonic clock, a node is dead. */
  deadAfterMs: 15 * second,
  /** A node that could not renew for this long stops starting provider writes. */
  fenceAfterMs: 10 * second,
} as const;
