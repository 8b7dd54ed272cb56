// fast-check with the same random cases every time, so that a suite which passed passes again: a failure belongs to the change that
// made it. `SEED=NUMBER npm test` tries others; the long search with seeds of its own is `npm run soak`.
import fc from 'fast-check';

const { SEED = '20170814' } = process.env;
if (!Number.isInteger(Number(SEED))) throw new Error(`expected SEED to be a whole number, found "${SEED}"`);
fc.configureGlobal({ seed: Number(SEED) });

export default fc;
