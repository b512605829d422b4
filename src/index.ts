/** The public surface of the pure core: named exports, nothing else. */
export { asTaskError, errorTable, isErrorCode, TaskError, taskErrorFrom } from './errors.ts'
export type { ErrorCode, ErrorDetails } from './errors.ts'
export { createEmitter } from './events.ts'
export type { Emitter } from './events.ts'
export { isUid, newActorId, newProjectId, newShortId, newUid, parseProjectId, parseUid } from './ids.ts'
export type { ActorId, Key, ProjectId, RandomBytes, Uid } from './ids.ts'
export type {
  ByteText,
  Connection,
  Ending,
  FileContent,
  FileEntry,
  Files,
  FolderWatch,
  Format,
  FormatFolder,
  FormatProblem,
  LogEntry,
  LogSize,
  NewText,
  ParsedFile,
  ParsedTask,
  Repository,
  RepositoryState,
  Row,
  Runtime,
  Span,
  Store,
  StoreChange,
  StoreProblem,
  SummaryFiles,
  TaskPatch,
  TaskSheet,
  Transport,
  Way,
  WriteOutcome,
} from './ports.ts'
export { defaultStatuses, priorities } from './task/types.ts'
export type {
  ClaimView,
  CommentView,
  ConflictValue,
  ConflictView,
  HolderType,
  Json,
  Priority,
  StatusDefinition,
  StatusKind,
  TaskDetail,
  TaskView,
} from './task/types.ts'
export type {
  Caller,
  ChangeView,
  ClaimantParams,
  ClaimOutcome,
  ClaimParams,
  DoctorReport,
  FailedClaim,
  FieldChangeView,
  GrantedClaim,
  HeldBy,
  LostClaim,
  MethodName,
  Methods,
  NewTask,
  Params,
  Problem,
  RelayReport,
  Result,
  StatusReport,
  SyncReport,
  TaskChanges,
  TaskFilter,
  TaskName,
} from './api/methods.ts'
export { formats, newConfig, parseConfig, renderConfig, withSetting } from './workspace/config.ts'
export type { Config, SyncMode } from './workspace/config.ts'
export { parseBackup } from './workspace/backup.ts'
export type { Backup } from './workspace/backup.ts'
export { createCaller, isMethod } from './workspace/dispatch.ts'
export type { ServerFacts } from './workspace/dispatch.ts'
export { listTasks, searchTasks } from './workspace/listing.ts'
export type { Listed, Listing } from './workspace/listing.ts'
export { Project } from './workspace/project.ts'
export type { ProjectEvents } from './workspace/project-events.ts'
export { createWorkspace } from './workspace/workspace.ts'
export type { Claims, Tasks, Workspace, WorkspaceEvents, WorkspaceSource } from './workspace/workspace.ts'
export type { ProjectWorld, WriterNote } from './workspace/world.ts'
export { connectCalls } from './api/connect-calls.ts'
export type { ConnectOptions, RemoteCaller } from './api/connect-calls.ts'
export { serveCalls } from './api/serve-calls.ts'
export type { ServeOptions } from './api/serve-calls.ts'
export type { Hello, PeerHello } from './api/wire.ts'
export { difference } from './task/difference.ts'
export type { Splice } from './task/difference.ts'
export { CLOSE, isFinal, PROTOCOL_VERSION } from './sync/protocol.ts'
export { readExchangeAnswer, readExchangeRequest, writeExchangeAnswer, writeExchangeRequest } from './sync/exchange.ts'
export type { ExchangeAnswer, ExchangeRequest } from './sync/exchange.ts'
export { readChanges, writeChanges } from './sync/exchange.ts'
export type { Changes, Known } from './sync/exchange.ts'
export { withFallback } from './sync/fallback.ts'
export type { FallbackOptions } from './sync/fallback.ts'
export type { PeerOptions, PeerState } from './sync/peer.ts'
export { defaultLimits } from './relay/limits.ts'
export type { RelayLimits } from './relay/limits.ts'
export type { Rights } from './relay/member.ts'
export { Relay } from './relay/relay.ts'
export type { RelayOptions, RelayWorld, Visit } from './relay/relay.ts'
export { EVERY_PROJECT, parseRights } from './relay/tokens.ts'
export type { Tokens, TokenView } from './relay/tokens.ts'
export { meetClaims } from './workspace/claim-settling.ts'
export { exchangeOver } from './workspace/exchange-over.ts'
export { settleWithin } from './workspace/relaying.ts'
export type { Relaying } from './workspace/relaying.ts'
export { Syncing } from './workspace/syncing.ts'
export type { PresenceState, SyncingOptions } from './workspace/syncing.ts'
