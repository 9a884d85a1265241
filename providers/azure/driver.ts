import { defineDriver } from '../driver.ts';
import { azureCredential } from './client.ts';
import { Config } from './config.ts';
import { openAzure } from './open.ts';
import { Handle } from './places.ts';

/** Subscriptions of Azure API Management: one for a lease, under a product for each kind of limits. */
export const azure = defineDriver({
  id: 'azure',
  config: Config,
  handle: Handle,
  open: (config, tools) => openAzure(config, tools, azureCredential),
});
