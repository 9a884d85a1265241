/** A secret in a form that every way of signing takes. */
export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
