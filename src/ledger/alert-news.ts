import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { Database } from './schema.ts';

type Reader = Kysely<Database> | Transaction<Database>;

/** A rule of a project, as far as the database must know it. */
export interface WatchedRule {
  readonly id: string;
  readonly project: string;
  readonly type: string;
  readonly operator: string;
  readonly threshold: number;
  /** What was told of a lease or key after this silences it. */
  readonly since: Date;
  readonly subjects?: readonly string[];
}

/** A value of one lease or key, and whose it is. */
export interface Measure {
  readonly type: string;
  readonly project: string;
  /** A lease, a key of a project, or `project:<name>`. */
  readonly subject: string;
  readonly value: number;
  /** The same crossing is told once: the hour, the period, the address. */
  readonly crossing: string;
  /** Rules with a higher threshold are not about it. */
  readonly most: number;
}

export const NO_MOST = 1e300;

export type News = Measure & { readonly ruleId: string };

/**
 * What meets a rule and was not told by it: not this crossing ever, nor anything of the same lease or key within its cooldown. At most one for
 * each rule and lease or key, in their order; what is told is no longer news, so that the next page begins where this one ended.
 */
export async function newsOf(
  db: Reader,
  { rules, measures, limit }: { readonly rules: readonly WatchedRule[]; readonly measures: Measures; readonly limit: number },
): Promise<News[]> {
  const { rows } = await sql<News>`
    with rule as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(rules)}::jsonb) as r
        (id text, project text, type text, operator text, threshold float8, since timestamptz, subjects jsonb)
    ), measure as materialized (${measures})
    select distinct on (rule.id, measure.subject) rule.id as rule_id, measure.type, measure.project, measure.subject, measure.value, measure.crossing, measure.most
    from measure join rule on rule.project = measure.project and rule.type = measure.type
    where case rule.operator
        when 'gt' then measure.value > rule.threshold
        when 'gte' then measure.value >= rule.threshold
        when 'lt' then measure.value < rule.threshold
        when 'lte' then measure.value <= rule.threshold
        when 'eq' then measure.value = rule.threshold
      end
      and rule.threshold <= measure.most
      and (rule.subjects is null or rule.subjects ? measure.subject)
      and not exists (${told(sql`a.crossing = measure.crossing`)})
      and not exists (${told(sql`a.at > rule.since`)})
    order by rule.id, measure.subject, measure.value desc, measure.crossing
    limit ${limit}`.execute(db);
  return rows;
}

/** Looked up in its index for each measure: as a join it would be planned by what the table held long ago, and one look is a burst. */
function told(so: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`select from alert a where a.rule_id = rule.id and a.subject = measure.subject and ${so} offset 0`;
}

/** A query for the members of a measure. */
export type Measures = RawBuilder<unknown>;

/** Calls in each hour since, with one of the verify codes of each type, of who had at least so many. */
export function callsByHour({
  kinds,
  since,
}: {
  readonly kinds: readonly { readonly type: string; readonly codes: readonly string[]; readonly least: number }[];
  readonly since: Date;
}): Measures {
  return sql`
    select calls.type, ${projectOf('calls.lease_id')} as project, calls.lease_id as subject, calls.value,
      to_char(calls.hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') as crossing, ${NO_MOST}::float8 as most
    from (
      select kind.type, usage.lease_id, usage.hour, sum(usage.count)::float8 as value
      from usage join jsonb_to_recordset(${JSON.stringify(kinds)}::jsonb) as kind (type text, codes jsonb, least float8)
        on kind.codes ? usage.code
      where usage.hour >= ${since}
      group by kind.type, kind.least, usage.lease_id, usage.hour having sum(usage.count) >= kind.least
    ) as calls`;
}

/** The highest threshold of each limit that a budget has reached, of those that reached one since. */
export function thresholdsReached({ type, since }: { readonly type: string; readonly since: Date }): Measures {
  return sql`
    select ${type}::text as type,
      case when budget.id like 'project:%' then substr(budget.id, 9) else ${projectOf('budget.id')} end as project,
      budget.id as subject, (reached.told ->> 'percent')::float8 as value,
      concat_ws(':', reached.name, reached.told ->> 'start', reached.told ->> 'percent',
        -- What is reached again of a larger quota is told again.
        case when reached.name = 'quota' then nullif(budget.quota_extra, 0) end) as crossing,
      ${NO_MOST}::float8 as most
    from budget cross join lateral jsonb_each(budget.reached) as reached (name, told)
    where budget.reached_at >= ${since}`;
}

/** Hours until keys without a booking end, of those that end before. A rule is about those that live at least twice as long as it warns before. */
export function hoursLeft({ type, now, before }: { readonly type: string; readonly now: Date; readonly before: Date }): Measures {
  const hoursFrom = (start: RawBuilder<unknown>) => sql`(extract(epoch from closes_at - ${start}) / 3600)::float8`;
  return sql`
    select ${type}::text as type, project, id as subject, ${hoursFrom(sql`${now}::timestamptz`)} as value,
      to_char(closes_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as crossing,
      ${hoursFrom(sql`opens_at`)} / 2 as most
    from project_key
    where revoked_at is null and deleted_at is null and closes_at > ${now} and closes_at <= ${before}`;
}

/** These, that are known already. */
export function theseMeasures(measures: readonly Measure[]): Measures {
  return sql`
    select * from jsonb_to_recordset(${JSON.stringify(measures)}::jsonb)
      as m (type text, project text, subject text, value float8, crossing text, most float8)`;
}

function projectOf(lease: string): RawBuilder<string> {
  return sql`(select k.project from local_key k where k.lease_id = ${sql.ref(lease)} limit 1)`;
}
