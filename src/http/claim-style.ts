/** The claim pages' only style sheet: system font, light and dark, nothing loaded from anywhere. */
export const CLAIM_STYLE = `
:root { color-scheme: light dark; --ink: #17202b; --soft: #4c5866; --page: #f3f5f8; --card: #fff; --line: #d3dae2; --act: #0b5cad; --on-act: #fff; --bad: #a3160e; --code: #eef2f7 }
@media (prefers-color-scheme: dark) { :root { --ink: #eef2f6; --soft: #b3bfcc; --page: #10151b; --card: #1a212a; --line: #384553; --act: #8cc4ff; --on-act: #0b1520; --bad: #ffa59c; --code: #111820 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 1.0625rem/1.55 system-ui, sans-serif }
main { max-width: 40rem; margin: 0 auto; padding: clamp(1rem, 5vw, 3rem) 1rem }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .9rem; padding: clamp(1.1rem, 4vw, 2rem) }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .75rem; text-wrap: balance }
h2 { font-size: 1.1rem; margin: 1.75rem 0 .5rem }
p { margin: .5rem 0 }
p, dd, h1, li { overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.1rem; margin: 1rem 0 }
dt { color: var(--soft) } dd { margin: 0 }
label { display: block; font-weight: 600; margin-top: 1.25rem }
input { width: 100%; font: inherit; color: inherit; background: var(--page); border: 1px solid var(--soft); border-radius: .5rem; padding: .7rem .8rem; margin: .35rem 0 }
input[aria-invalid] { border-color: var(--bad); border-width: 2px }
button { width: 100%; font: inherit; font-weight: 600; color: var(--on-act); background: var(--act); border: 0; border-radius: .5rem; padding: .8rem 1rem; margin-top: .9rem; cursor: pointer }
:focus-visible { outline: 3px solid var(--act); outline-offset: 3px }
.hint, footer { color: var(--soft); font-size: .95rem }
.bad { color: var(--bad); font-weight: 600 }
pre { background: var(--code); border: 1px solid var(--line); border-radius: .5rem; padding: .8rem; margin: .4rem 0; overflow-x: auto; font: .92rem/1.5 ui-monospace, monospace }
pre.key { white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; font-size: 1.05rem; border-color: var(--act); border-width: 2px }
summary { cursor: pointer; padding: .4rem 0 }
footer { margin-top: 1rem }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: .6rem } }
`;
