import { VerifyUnavailable } from './unavailable.js';
/** So long nobody asks again after a failure. */
const PAUSE_MS = 1000;
/** The list, asked for again when it was `refreshMs` ago. One that cannot be had again is gone by up to the age that it states, never longer. */
export function createRevocations({ fetchList, refreshMs, clock }) {
    let held;
    let failure;
    let asking;
    async function ask() {
        const askedAt = clock.elapsed();
        try {
            const list = await fetchList();
            // A copy on the way may be older than what we have.
            if (!held || list.iat >= held.list.iat)
                held = { list, askedAt };
            failure = undefined;
        }
        catch (cause) {
            failure = { at: askedAt, cause };
        }
    }
    function isDue() {
        const now = clock.elapsed();
        if (failure && now - failure.at < PAUSE_MS)
            return false;
        return !held || now - held.askedAt >= refreshMs;
    }
    /** By either clock: that of the machine may be wrong. */
    function isGood({ list: { iat, exp }, askedAt }) {
        return clock.now() < exp * 1000 && clock.elapsed() - askedAt < (exp - iat) * 1000;
    }
    return {
        async refusal(jti) {
            if (isDue())
                await (asking ??= ask().finally(() => (asking = undefined)));
            if (!held || !isGood(held))
                throw new VerifyUnavailable('the list of revoked keys is too old to go by', { cause: failure?.cause });
            return refusalIn(held.list, jti, clock.now() / 1000);
        },
    };
}
function refusalIn({ revoked, until, from }, jti, now) {
    if (revoked.has(jti))
        return 'REVOKED';
    if (now >= (until.get(jti) ?? Number.POSITIVE_INFINITY))
        return 'EXPIRED';
    return now < (from.get(jti) ?? Number.NEGATIVE_INFINITY) ? 'NOT_YET_VALID' : undefined;
}
