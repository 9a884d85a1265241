import type { Driver, DriverDefinition, Tools } from '../providers/driver.ts';
import { verified } from './lease/verified.ts';
import type { Provider } from './reservation/policy.ts';

/** The driver of a provider as it is configured. */
export function openDriver(
  { name, config, verify }: Provider,
  definition: DriverDefinition,
  tools: Omit<Tools, 'provider'>,
): Driver<unknown> {
  const driver = definition.open(config, {
    ...tools,
    provider: name,
    lock: (lock, signal, work) => tools.lock(`${name}:${lock}`, signal, work),
  });
  return verify ? verified(driver, tools.keys) : driver;
}
