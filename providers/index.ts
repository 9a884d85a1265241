import { aws } from './aws/driver.ts';
import { azure } from './azure/driver.ts';
import { builtin } from './builtin/driver.ts';
import type { DriverDefinition } from './driver.ts';
import { gcp } from './gcp/driver.ts';
import { generic } from './generic/driver.ts';

/** Every driver there is. A new provider is one folder and one line here; what it imports that is heavy, it imports on its first call. */
export const drivers: readonly DriverDefinition[] = [builtin, generic, aws, azure, gcp];
