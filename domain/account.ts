/** Applications, accounts, grants and tokens: who may ask for what. */
import type { AccountId, AppId, GrantId } from './ids.ts';
import type { Sealed } from './profile.ts';

export type Scope =
  | 'read_account'
  | 'list_calendars'
  | 'read_events'
  | 'create_event'
  | 'delete_event'
  | 'create_calendar'
  | 'read_free_busy'
  | 'change_participation_status';

export const allScopes: readonly Scope[] = [
  'read_account',
  'list_calendars',
  'read_events',
  'create_event',
  'delete_event',
  'create_calendar',
  'read_free_busy',
  'change_participation_status',
];

export interface AppDoc {
  readonly _id: AppId;
  readonly rev: number;
  /** Unique. */
  readonly name: string;
  /** OAuth client id; public. */
  readonly clientId: string;
  /** Active client secrets, the newest first; each signs every callback. */
  readonly secrets: readonly { readonly sealed: Sealed; readonly createdAtMs: number }[];
  readonly createdAtMs: number;
}

export interface AccountDoc {
  readonly _id: AccountId;
  readonly rev: number;
  readonly appId: AppId;
  readonly email: string | null;
  readonly name: string | null;
  /** IANA name. */
  readonly timeZone: string;
  readonly kind: 'account' | 'application_calendar';
  readonly createdAtMs: number;
}

export interface GrantDoc {
  readonly _id: GrantId;
  readonly rev: number;
  readonly appId: AppId;
  readonly accountId: AccountId;
  readonly scopes: readonly Scope[];
  readonly revokedAtMs: number | null;
  readonly createdAtMs: number;
}

export interface TokenDoc {
  /** Hex SHA-256 of the token; the token itself is never stored. */
  readonly _id: string;
  readonly grantId: GrantId;
  readonly appId: AppId;
  readonly accountId: AccountId;
  readonly scopes: readonly Scope[];
  /** Null for a token that an operator issued. */
  readonly expiresAtMs: number | null;
  readonly createdAtMs: number;
}

/** Whoever a bearer token speaks for. */
export interface Caller {
  readonly appId: AppId;
  readonly accountId: AccountId;
  readonly grantId: GrantId;
  readonly scopes: readonly Scope[];
}
