// What it means to be refused, in words of the application that is.

import { ERRNO, Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import { isFault } from './cases.js';
import type { Decision } from './decision.js';

/** How the application answers a refusal (replay reference, section 3). */
export type OnDeny = { readonly kind: 'skip' | 'unseal' } | { readonly kind: 'retry'; readonly ns: number };

/** A write that would be refused for its end returns a count of 0 instead. */
export function writeNothing(d: Decision): void {
  d.verdict = Verdict.proceed;
  d.errno = 0;
  d.short = true;
}

export function deny(d: Decision, errno: number): void {
  d.verdict = Verdict.deny;
  d.errno = errno;
}

/** A refusal that an application can answer: not of a fault, which kills it, and not for want of patience. */
export const retries = (d: Decision): boolean =>
  d.counted && !isFault(d.op) && d.blocked !== NONE && sealErrno(d.errno) && d.operationCase >= 0;

/** errnos that a seal of one kind or another answers with; others tell of something else. */
export function sealErrno(errno: number): boolean {
  return errno === ERRNO.ETXTBSY || errno === ERRNO.EPERM || errno === ERRNO.EBUSY || errno === ERRNO.SIGBUS;
}
