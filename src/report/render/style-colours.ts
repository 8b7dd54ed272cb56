// Colours. Policies: the Okabe-Ito set, darkened for white paper and lightened for dark, told apart by all common kinds
// of colour vision; the first is a neutral, for the lane everything is held against.

const LIGHT = `--bg:#fbfbf9;--card:#fff;--ink:#1b1d20;--soft:#555b63;--line:#dcdfe3;--faint:#eef0f2;--link:#0b5cad;
--good:#17683f;--good-bg:#e4f3ea;--warn:#7d4e00;--warn-bg:#fdf1d8;--bad:#a3261b;--bad-bg:#fdeae7;--info:#155a8a;--info-bg:#e5f0f8;--quiet:#666d76;
--p0:#4d545d;--p1:#0072b2;--p2:#c44d00;--p3:#00805c;--p4:#a8417f;--p5:#9a6a00;--p6:#2f8fc4;--p7:#6a3d9a;
--h0:#d4e4f0;--h1:#b9d3e7;--h2:#9bc1dd;--h3:#6ba3cb;--h4:#3f82b3;--h5:#225f8f;--h6:#0d3b60;--halo:#fff;--q50:#1b1d20;--q99:#c44d00;
--written:#5b8fb9;--unwritten:#e8eef3;--delalloc:#f7efd9;--shared:#b48ac0;--other:#c9ccd0;--on:#10202c`;

const DARK = `--bg:#14171a;--card:#1c2024;--ink:#e8eaec;--soft:#a9b1ba;--line:#353b42;--faint:#262b30;--link:#8ec5ff;
--good:#7fd6a3;--good-bg:#16301f;--warn:#f2c261;--warn-bg:#362a10;--bad:#ff9d8f;--bad-bg:#3d1d19;--info:#8cc8f0;--info-bg:#152c3d;--quiet:#98a1ab;
--p0:#b6bec8;--p1:#5ab4ee;--p2:#ff8f4d;--p3:#3fce9e;--p4:#e893c3;--p5:#e8b84a;--p6:#93d5f7;--p7:#b99be6;
--h0:#27455c;--h1:#285474;--h2:#2a668f;--h3:#3079ab;--h4:#4d9acc;--h5:#84bfe4;--h6:#cfe8f8;--halo:#14171a;--q50:#fff;--q99:#ff8f4d;
--written:#4c86b5;--unwritten:#2a333b;--delalloc:#3a3321;--shared:#8d6399;--other:#555b63;--on:#f4f8fb`;

export const COLOURS = `:root{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
@media print{:root{color-scheme:light;${LIGHT};--bg:#fff}}`;
