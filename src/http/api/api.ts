import { Router } from 'express';
import { sourcesSeen } from '../../access/reach.ts';
import { originOf } from '../../ledger/origins.ts';
import { compatibleKeys } from '../compatible/keys.ts';
import { compatibleReadings } from '../compatible/readings.ts';
import { alertRulesApi } from './alert-rules.ts';
import { alertsApi } from './alerts.ts';
import { auditApi } from './audit.ts';
import { budgetsApi } from './budgets.ts';
import { bulkApi } from './bulk.ts';
import { catalogueApi } from './catalogue.ts';
import { configApi } from './config.ts';
import { debtsApi } from './debts.ts';
import { deliveriesApi } from './deliveries.ts';
import type { ApiDeps } from './deps.ts';
import { docsPage } from './docs.ts';
import { eventsApi } from './events.ts';
import { explainApi } from './explain.ts';
import { hooksApi } from './hooks.ts';
import { inventoryApi } from './inventory.ts';
import { keysApi } from './keys.ts';
import { leaseActsApi } from './lease-acts.ts';
import { leasesApi } from './leases.ts';
import { API_PATH, createDocument } from './openapi.ts';
import { operatorsApi } from './operators.ts';
import { projectKeyActsApi } from './project-key-acts.ts';
import { projectKeyConfigApi } from './project-key-config.ts';
import { projectKeyUsageApi } from './project-key-usage.ts';
import { projectKeysByNameApi } from './project-keys-by-name.ts';
import { projectKeysApi } from './project-keys.ts';
import { providerTestApi } from './provider-test.ts';
import { projectsApi } from './projects.ts';
import { providersApi } from './providers.ts';
import { quarantineApi } from './quarantine.ts';
import { recordingsApi } from './recordings.ts';
import { replaysApi } from './replays.ts';
import { reservationsApi } from './reservations.ts';
import { rotationsApi } from './rotations.ts';
import { createApiRouter, type ApiRoute, type RouterParts } from './route.ts';
import { samplesApi } from './samples.ts';
import { scopesApi } from './scopes.ts';
import { scopesImportApi } from './scopes-import.ts';
import { scopesOpenApiApi } from './scopes-openapi.ts';
import { sourcesApi } from './sources.ts';
import { sourceLabApi } from './source-lab.ts';
import { sourcePollApi } from './source-poll.ts';
import { signingKeysApi } from './signing-keys.ts';
import { straysApi } from './strays.ts';
import { tenantKeysApi } from './tenant-keys.ts';
import { usageApi } from './usage.ts';

/** Every operation of the management API. */
export function apiDeclarations(deps: ApiDeps): ApiRoute[] {
  return [
    explainApi,
    reservationsApi,
    leasesApi,
    leaseActsApi,
    usageApi,
    budgetsApi,
    keysApi,
    projectKeysApi,
    projectKeyActsApi,
    projectKeysByNameApi,
    bulkApi,
    projectKeyUsageApi,
    projectKeyConfigApi,
    tenantKeysApi,
    debtsApi,
    rotationsApi,
    inventoryApi,
    straysApi,
    eventsApi,
    replaysApi,
    quarantineApi,
    deliveriesApi,
    hooksApi,
    catalogueApi,
    sourcesApi,
    sourceLabApi,
    sourcePollApi,
    recordingsApi,
    samplesApi,
    scopesImportApi,
    scopesOpenApiApi,
    scopesApi,
    alertsApi,
    alertRulesApi,
    providersApi,
    providerTestApi,
    auditApi,
    operatorsApi,
    projectsApi,
    configApi,
    signingKeysApi,
  ].flatMap((api) => api(deps));
}

const COMPATIBLE_PATH = '/api';

/** Every operation that others' key managers have as well. */
export function compatibleDeclarations(deps: ApiDeps): ApiRoute[] {
  return [...compatibleKeys(deps), ...compatibleReadings(deps)];
}

/** `/api/v1` for operators, and for everybody what it is: the OpenAPI document at `/api/v1/openapi.json` and the page at `/docs`. */
export function apiRoutes(deps: ApiDeps): Router {
  const routes = apiDeclarations(deps);
  const compatible = compatibleDeclarations(deps);
  const document = createDocument({ [API_PATH]: routes, [COMPATIBLE_PATH]: compatible }, deps);
  const json = JSON.stringify(document);
  const router = Router();
  router.get(`${API_PATH}/openapi.json`, (_request, response) => {
    response.set('Cache-Control', 'no-cache').type('application/json').send(json);
  });
  router.get('/docs', docsPage(document));
  const parts = { guard: deps.guard, hides: hiding(deps) };
  router.use(API_PATH, createApiRouter(routes, parts));
  router.use(COMPATIBLE_PATH, createApiRouter(compatible, parts));
  return router;
}

/** What is of another project, or of no booking at all; what is not there at all is the route's own to say. */
function hiding({ ledger, policy }: Pick<ApiDeps, 'ledger' | 'policy'>): RouterParts['hides'] {
  return async (caller, what, id) => {
    const source = await originOf(ledger.db, what, id);
    return source !== undefined && (source === null || !sourcesSeen(caller, policy())?.includes(source));
  };
}
