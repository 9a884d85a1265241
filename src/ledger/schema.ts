import type { Selectable } from 'kysely';
import type { ClaimTable, EventTable, KeyTable, LeaseTable, ReservationTable } from './tables/bookings.ts';
import type {
  BudgetTable,
  KnownAddressTable,
  LocalKeyTable,
  SigningKeyTable,
  UsageTable,
  WindowUseTable,
} from './tables/built-in.ts';
import type { DeliveryTable, HookTable } from './tables/handover.ts';
import type { AuditHeadTable, AuditTable, LockTable, MasterKeyTable, OperatorTable } from './tables/house.ts';
import type {
  AlertRuleTable,
  AlertTable,
  BulkItemTable,
  BulkTable,
  CreationTable,
  ProjectKeyTable,
  ScopeTable,
} from './tables/managed.ts';
import type { InventoryTable, PaceTable, RotationItemTable, RotationTable, StrayTable } from './tables/providers.ts';
import type { PollTable, PolledBookingTable, RecordingTable, SampleTable, SourceSecretTable } from './tables/sources.ts';

/** The database as Kysely sees it, and its rows as they are read. */

export interface Database {
  event: EventTable;
  reservation: ReservationTable;
  lease: LeaseTable;
  key: KeyTable;
  claim: ClaimTable;
  delivery: DeliveryTable;
  usage: UsageTable;
  localKey: LocalKeyTable;
  audit: AuditTable;
  auditHead: AuditHeadTable;
  operator: OperatorTable;
  rotation: RotationTable;
  rotationItem: RotationItemTable;
  hook: HookTable;
  pace: PaceTable;
  masterKey: MasterKeyTable;
  lock: LockTable;
  stray: StrayTable;
  inventory: InventoryTable;
  projectKey: ProjectKeyTable;
  creation: CreationTable;
  windowUse: WindowUseTable;
  budget: BudgetTable;
  scope: ScopeTable;
  signingKey: SigningKeyTable;
  alertRule: AlertRuleTable;
  alert: AlertTable;
  knownAddress: KnownAddressTable;
  bulk: BulkTable;
  bulkItem: BulkItemTable;
  sourceSecret: SourceSecretTable;
  recording: RecordingTable;
  sample: SampleTable;
  poll: PollTable;
  polledBooking: PolledBookingTable;
}

export type EventRow = Selectable<EventTable>;
/** As read back: its JSON is the value. */
export type NewEvent = EventRow;
export type ReservationRow = Selectable<ReservationTable>;
export type LeaseRow = Selectable<LeaseTable>;
export type KeyRow = Selectable<KeyTable>;
export type ClaimRow = Selectable<ClaimTable>;
export type DeliveryRow = Selectable<DeliveryTable>;
export type LocalKeyRow = Selectable<LocalKeyTable>;
export type AuditRow = Selectable<AuditTable>;
export type OperatorRow = Selectable<OperatorTable>;
export type HookRow = Selectable<HookTable>;
export type RotationRow = Selectable<RotationTable>;
export type StrayRow = Selectable<StrayTable>;
export type InventoryRow = Selectable<InventoryTable>;
export type ProjectKeyRow = Selectable<ProjectKeyTable>;
export type SigningKeyRow = Selectable<SigningKeyTable>;
export type ScopeRow = Selectable<ScopeTable>;
export type BudgetRow = Selectable<BudgetTable>;
export type AlertRuleRow = Selectable<AlertRuleTable>;
export type AlertRow = Selectable<AlertTable>;
export type BulkRow = Selectable<BulkTable>;
export type BulkItemRow = Selectable<BulkItemTable>;
