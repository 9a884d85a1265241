import { createGuard } from './access/guard.ts';
import { findOperator } from './access/operators.ts';
import { createApp } from './http/app.ts';
import { verifyAccess } from './http/front/access.ts';
import { createFront } from './http/front/front.ts';
import { listen, type Listening } from './http/listen.ts';
import type { Log } from './observe/log.ts';
import { createRouters, type RouterParts } from './routers.ts';
import { Secret } from './secret/secret.ts';
import type { Settings } from './settings.ts';

export interface DoorParts extends Omit<RouterParts, 'guard' | 'access' | 'configuredScopes' | 'settings'> {
  readonly settings: Settings;
  readonly log: Log;
}

/** Who may come in, and by which way: the quick one for /verify, every other route behind it. Throws where nothing can listen. */
export async function openDoors(parts: DoorParts): Promise<Listening> {
  const { settings, ledger, catalogue, keys, log } = parts;
  const guard = createGuard({ find: (token) => findOperator(ledger, token), log });
  const access = verifyAccess({
    allowFrom: settings.verifyAllowFrom,
    isOperatorToken: (token, from) => guard.knows(new Secret(token), from),
  });
  const routers = createRouters({ ...parts, guard, access, configuredScopes: catalogue.configuredScopes });
  const { trustProxy } = settings;
  const front = createFront({
    verify: keys.verify,
    access,
    trustProxy,
    log,
    logsRequests: settings.logLevel === 'debug',
    otherwise: createApp({ log, trustProxy, routers }),
  });
  return await listen(front, settings);
}
