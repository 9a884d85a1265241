import type { ColumnType } from 'kysely';

/** Kinds of columns. Instants are Date in code and timestamptz in the database; bigint is number (both engines parse it so). */

export type Nullable<T> = ColumnType<T | null, T | null | undefined, T | null>;
/** Written as JSON text, read back as the value. */
export type Json<T> = ColumnType<T, string, string>;
export type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;
/** With a value of its own where none is given. */
export type Preset<T> = ColumnType<T, T | undefined, T>;
