import type { StoredApi } from './fake-store.ts';

/* The APIs that tests put behind their keys. */

const needsKey = { apiKeyRequired: true };

export const APIS: Readonly<Record<string, StoredApi>> = {
  a1b2c3: {
    stages: ['prod'],
    methods: {
      '/api/{proxy+}': { GET: needsKey, POST: needsKey, DELETE: needsKey, OPTIONS: { apiKeyRequired: false } },
      '/admin': { GET: needsKey },
    },
  },
  r0r0r0: { stages: ['ro'], methods: { '/api/{proxy+}': { GET: needsKey } } },
  w0w0w0: { stages: ['rw', 'test'], methods: { '/api/{proxy+}': { POST: needsKey } } },
};

export const API = 'a1b2c3:prod';
export const READING = 'r0r0r0:ro';
export const WRITING = 'w0w0w0:rw';
export const STAGES: readonly string[] = [API, READING, WRITING];

export const READ_STAGES = [{ restApiId: 'r0r0r0', stage: 'ro' }];
export const WRITE_STAGES = [{ restApiId: 'w0w0w0', stage: 'rw' }];
