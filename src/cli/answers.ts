import type { z } from 'zod';
import type { AlertRuleView } from '../http/api/alert-rules.ts';
import type { AlertView } from '../http/api/alerts.ts';
import type { AuditView } from '../http/api/audit.ts';
import type { BudgetView } from '../http/api/budgets.ts';
import type { PlanView } from '../http/api/catalogue-views.ts';
import type { SourceView } from '../http/api/source-views.ts';
import type { DeliveryView } from '../http/api/deliveries.ts';
import type { EventView } from '../http/api/event-views.ts';
import type { Explanation } from '../http/api/explain-views.ts';
import type { FindingsView } from '../http/api/lab-views.ts';
import type { InventoryView } from '../http/api/inventory-views.ts';
import type { BulkItemView, BulkPreview, BulkStarted, BulkValues, BulkView } from '../http/api/bulk-views.ts';
import type { DebtView, KeyView } from '../http/api/key-views.ts';
import type { LeaseDetail, LeaseReply, LeaseView } from '../http/api/lease-views.ts';
import type { TrialView } from '../http/api/provider-test.ts';
import type { OperatorView } from '../http/api/operators.ts';
import type { ProjectKeyUsageView } from '../http/api/project-key-usage.ts';
import type { MadeProjectKey, ProjectKeyView } from '../http/api/project-key-views.ts';
import type { EffectiveConfig, ProjectView } from '../http/api/project-views.ts';
import type { ProviderView } from '../http/api/provider-views.ts';
import type { QuarantinedDetail, QuarantinedView } from '../http/api/quarantine.ts';
import type { RecordingView } from '../http/api/recordings.ts';
import type { SampleDetail, SampleView } from '../http/api/samples.ts';
import type { ReservationView } from '../http/api/reservation-views.ts';
import type { PolledView } from '../http/api/source-poll.ts';
import type { SigningKeyView } from '../http/api/signing-keys.ts';
import type { ChangesView, ScopeView } from '../http/api/scope-views.ts';
import type { Told } from '../http/api/scopes-openapi.ts';
import type { StrayView } from '../http/api/strays.ts';
import type { LeaseUsage } from '../http/api/usage.ts';

/*
 * What the API answers, as it travels: instants are ISO texts. The types come from the declarations that the service answers and
 * documents by, so the two cannot drift apart.
 */

export type ReservationAnswer = z.input<typeof ReservationView>;
export type LeaseAnswer = z.input<typeof LeaseView>;
export type LeaseDetailAnswer = z.input<typeof LeaseDetail>;
export type LeaseReplyAnswer = z.input<typeof LeaseReply>;
export type UsageAnswer = z.input<typeof LeaseUsage>;
export type BudgetAnswer = z.input<typeof BudgetView>;
export type BulkAnswer = z.input<typeof BulkView>;
export type BulkItemAnswer = z.input<typeof BulkItemView>;
export type BulkPreviewAnswer = z.input<typeof BulkPreview>;
export type BulkStartedAnswer = z.input<typeof BulkStarted>;
export type BulkValuesAnswer = z.input<typeof BulkValues>;
export type KeyAnswer = z.input<typeof KeyView>;
export type DebtAnswer = z.input<typeof DebtView>;
export type InventoryAnswer = z.input<typeof InventoryView>;
export type StrayAnswer = z.input<typeof StrayView>;
export type AlertAnswer = z.input<typeof AlertView>;
export type AlertRuleAnswer = z.input<typeof AlertRuleView>;
export type ScopeAnswer = z.input<typeof ScopeView>;
export type ScopeChangesAnswer = z.input<typeof ChangesView>;
export type ScopesOfDocumentAnswer = z.input<typeof Told>;
export type EventAnswer = z.input<typeof EventView>;
export type RecordingAnswer = z.input<typeof RecordingView>;
export type SampleAnswer = z.input<typeof SampleView>;
export type SampleDetailAnswer = z.input<typeof SampleDetail>;
export type FindingsAnswer = z.input<typeof FindingsView>;
export type QuarantinedAnswer = z.input<typeof QuarantinedView>;
export type QuarantinedDetailAnswer = z.input<typeof QuarantinedDetail>;
export type DeliveryAnswer = z.input<typeof DeliveryView>;
export type PlanAnswer = z.input<typeof PlanView>;
export type ProviderAnswer = z.input<typeof ProviderView>;
export type TrialAnswer = z.input<typeof TrialView>;
export type SigningKeyAnswer = z.input<typeof SigningKeyView>;
export type ProjectAnswer = z.input<typeof ProjectView>;
export type EffectiveConfigAnswer = z.input<typeof EffectiveConfig>;
export type OperatorAnswer = z.input<typeof OperatorView>;
export type PolledAnswer = z.input<typeof PolledView>;
export type SourceAnswer = z.input<typeof SourceView>;
export type AuditAnswer = z.input<typeof AuditView>;
export type StoryAnswer = z.input<typeof Explanation>;

export interface RotationAnswer {
  readonly id: string;
  readonly state: 'running' | 'done';
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly failures: readonly { readonly leaseId: string; readonly error: string | null }[];
  readonly delays: readonly { readonly leaseId: string; readonly error: string | null }[];
}

export interface RotationPreview {
  readonly leases: number;
  readonly items: readonly { readonly id: string; readonly plan: string; readonly provider: string; readonly holderId: string }[];
}

export type AuditVerification =
  | { readonly ok: true; readonly rows: number; readonly head: string }
  | { readonly ok: false; readonly seq: number; readonly what: string };

export interface ReplayAnswer {
  readonly eventId: string;
  readonly status: 'accepted' | 'quarantined' | 'duplicate' | 'ignored';
  readonly reservations: readonly string[];
}

export interface ReplayAllAnswer {
  readonly replayed: number;
  readonly accepted: number;
  readonly ignored: number;
  readonly quarantined: number;
  readonly failures: readonly { readonly eventId: string; readonly error: string }[];
  readonly left: number;
  readonly next: string | null;
}
export type ProjectKeyAnswer = z.input<typeof ProjectKeyView>;
export type MadeProjectKeyAnswer = z.input<typeof MadeProjectKey>;
export type ProjectKeyUsageAnswer = z.input<typeof ProjectKeyUsageView>;
