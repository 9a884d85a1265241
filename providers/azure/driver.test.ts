import { testDriver } from '../contract.ts';
import { ALL_FAULTS, NOW, sampleRequest, toolsFor } from '../contract-world.ts';
import { azure } from './driver.ts';
import type { FakeOptions } from './fake.ts';
import { VENDOR_TEXT } from './fake-faults.ts';
import { openFakeRig, TOKEN } from './fake-rig.ts';

async function openRig(options: Partial<FakeOptions>) {
  const rig = await openFakeRig({ now: () => NOW, tools: toolsFor('campus'), ...options });
  return { ...rig, request: sampleRequest, unspeakable: [TOKEN, VENDOR_TEXT] };
}

const faults = {
  issue: ALL_FAULTS,
  policy: ALL_FAULTS,
  revoke: ALL_FAULTS,
  retime: ALL_FAULTS,
  list: ALL_FAULTS,
  check: ALL_FAULTS,
};

testDriver({
  name: 'azure, at a classic service that takes a PUT of what is there',
  definition: azure,
  faults: { ...faults, usage: ALL_FAULTS },
  open: () => openRig({ sku: 'Developer', put: 'upsert' }),
});

testDriver({
  name: 'azure, at a service by consumption that takes it with an etag only',
  definition: azure,
  faults,
  open: () => openRig({ sku: 'Consumption', put: 'strict' }),
});
