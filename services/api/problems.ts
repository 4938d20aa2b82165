/** Problems of a request, collected by field, so that a caller hears of all of them at once. */
import { KalendsError } from '../../domain/errors.ts';

export type ProblemKey =
  | 'errors.required'
  | 'errors.not_recognized'
  | 'errors.not_supported'
  | 'errors.must_be_string'
  | 'errors.must_be_boolean'
  | 'errors.must_be_integer'
  | 'errors.must_be_array'
  | 'errors.must_be_object'
  | 'errors.must_be_date'
  | 'errors.must_be_time'
  | 'errors.must_be_url'
  | 'errors.must_be_email'
  | 'errors.must_be_color'
  | 'errors.must_be_integer_greater_than_zero'
  | 'errors.must_be_external_event_uid'
  | 'errors.not_supported_count_until_combination'
  | 'errors.max_recurrence_rules_exceeded'
  | 'errors.too_long'
  | 'errors.too_many'
  | 'errors.out_of_range'
  | 'errors.not_printable'
  | 'errors.invalid_time_pair'
  | 'errors.tzid_unrecognized'
  | 'errors.invalid_calendar_ids'
  | 'errors.duplicate_calendar_name'
  | 'errors.calendar_deleted'
  | 'errors.event.cannot_set_attendees'
  | 'errors.invalid_json'
  | 'errors.rejected';

type Row = { readonly key: ProblemKey; readonly description: string };

export interface Problems {
  add(field: string, key: ProblemKey, description: string): void;
  /** Throws `invalid_input` with everything that was added; returns when nothing was. */
  throwIfAny(): void;
}

export function collectProblems(): Problems {
  const fields = new Map<string, Row[]>();
  return {
    add(field, key, description) {
      const rows = fields.get(field);
      if (rows === undefined) fields.set(field, [{ key, description }]);
      else rows.push({ key, description });
    },
    throwIfAny() {
      if (fields.size === 0) return;
      throw new KalendsError('invalid_input', `invalid: ${[...fields.keys()].join(', ')}`, {
        fields: Object.fromEntries(fields),
      });
    },
  };
}

/** One problem that ends the request. */
export const problem = (field: string, key: ProblemKey, description: string): KalendsError =>
  new KalendsError('invalid_input', `invalid: ${field}`, { fields: { [field]: [{ key, description }] } });
