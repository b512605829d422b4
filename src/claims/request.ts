/** What the arbiter of claims can be asked, and what it answers: the words of both sides. Refusals are answers, not errors. */
import type { Uid } from '../ids.ts'
import type { HolderType } from '../task/types.ts'

/** Who holds: the same name in another workspace is somebody else. */
export interface Holder {
  readonly by: string
  readonly type: HolderType
  /** Names the directory that asks; '' where there is none. */
  readonly workspace: string
}

/** A lease as it stands at the arbiter. */
export interface Holding extends Holder {
  readonly uid: Uid
  /** Fencing token: of one task each is greater than all before it, for ever. */
  readonly token: number
  /** By the arbiter's clock, in ms. */
  readonly grantedAt: number
  /** From the grant, or from the last renewal. */
  readonly leaseMs: number
  readonly expiresAt: number
  /** From whom it was taken, and why. */
  readonly stolen?: { readonly from: string; readonly reason: string }
}

/** A task with the token that its holder knows; null where who asks relies on the name. */
export type Held = readonly [uid: Uid, token: number | null]

export type ClaimRequest =
  /** All of the tasks or none. */
  | {
      readonly kind: 'claim'
      readonly request: string
      readonly tasks: readonly Uid[]
      readonly holder: Holder
      readonly leaseMs: number
      /** Why a human takes it from its holder. */
      readonly steal?: string
    }
  /** The first of the candidates that nobody holds, for one or several holders in turn. */
  | {
      readonly kind: 'take'
      readonly request: string
      readonly candidates: readonly Uid[]
      readonly holders: readonly Holder[]
      /** How many each of them gets. */
      readonly each: number
      /** What they hold already counts. */
      readonly countsHeld: boolean
      readonly leaseMs: number
    }
  | {
      readonly kind: 'renew'
      readonly tasks: readonly Held[]
      readonly holder: Holder
      readonly leaseMs: number
    }
  | { readonly kind: 'release'; readonly tasks: readonly Held[]; readonly holder: Holder }
  /** Whether a claim would be granted; changes nothing. */
  | { readonly kind: 'check'; readonly tasks: readonly Uid[]; readonly holder: Holder }
  /** Whether these tokens are still the last that were granted; changes nothing. */
  | { readonly kind: 'verify'; readonly tasks: readonly (readonly [uid: Uid, token: number])[] }
  /** Tokens that another arbiter granted, or this one before it lost data: those to come are greater. */
  | {
      readonly kind: 'learn'
      readonly tokens: readonly (readonly [uid: Uid, token: number])[]
      /** What was held under some of them, for as long as it is: where no greater token is known it is held on. */
      readonly held?: readonly Holding[]
    }
  | { readonly kind: 'list' }

export interface Grant extends Holding {
  /** It was held by the same holder before: the token is the old one. */
  readonly isRenewed?: true
}

export type ClaimAnswer =
  /** `skipped`: tasks that others hold, where the request allowed for that. */
  | { readonly outcome: 'granted'; readonly granted: readonly Grant[]; readonly skipped: readonly Holding[] }
  /** Nothing was granted, because of these. `awaited`: nobody holds them, but others came before and wait for them. */
  | { readonly outcome: 'held'; readonly held: readonly Holding[]; readonly awaited?: readonly Uid[] }
  /** It waited as long as it wanted to. */
  | { readonly outcome: 'timeout'; readonly held: readonly Holding[]; readonly awaited?: readonly Uid[] }
  /** These are not held by who asked, or not any more; by whom instead, where somebody holds them. What else was asked for is done. */
  | {
      readonly outcome: 'lost'
      readonly granted: readonly Grant[]
      readonly lost: readonly Uid[]
      readonly held: readonly Holding[]
    }
  /** `claim` is free to be granted; `verify` found no greater token. */
  | { readonly outcome: 'free' }
  | { readonly outcome: 'released'; readonly released: readonly Uid[] }
  /** The request id was used for another request. */
  | { readonly outcome: 'reused' }
  | { readonly outcome: 'learned' }
  /** A `version` can be asked with again: then only what changed since is told. */
  | { readonly outcome: 'listed'; readonly holdings: readonly Holding[]; readonly version?: string }

/** To who asks for the list with a version that it knows. */
export interface ChangesAnswer {
  readonly outcome: 'changed'
  /** Another lease than in that version, or a longer one. */
  readonly changed: readonly Holding[]
  /** Held by nobody any more. Nothing is told of a lease that ran out: it was known when it would. */
  readonly ended: readonly Uid[]
  readonly version: string
  readonly at: number
}

/** An answer with the moment at which it was true, by the arbiter's clock. */
export type TimedAnswer = ClaimAnswer & { readonly at: number }
