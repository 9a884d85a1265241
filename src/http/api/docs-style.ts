/** The docs page's only style sheet: system fonts, light and dark, nothing loaded from anywhere. */
export const DOCS_STYLE = `
:root { color-scheme: light dark; --ink: #17202b; --soft: #4c5866; --page: #f6f8fa; --card: #fff; --line: #dbe1e8; --act: #0b5cad; --code: #eef2f7; --get: #0b5cad; --post: #19692c; --delete: #a3160e; --bad: #a3160e; --good: #19692c }
@media (prefers-color-scheme: dark) { :root { --ink: #e9eef4; --soft: #aab7c4; --page: #10151b; --card: #171e26; --line: #303c49; --act: #8cc4ff; --code: #0d1218; --get: #8cc4ff; --post: #86d997; --delete: #ffa59c; --bad: #ffa59c; --good: #86d997 } }
* { box-sizing: border-box }
html { scroll-behavior: smooth; scroll-padding-top: 1rem }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto } }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
a { color: var(--act) } a:not(:hover) { text-decoration: none }
code, pre { font-family: ui-monospace, monospace; font-size: .9em }
header { padding: 2.2rem clamp(1rem, 4vw, 3rem) 1.4rem; border-bottom: 1px solid var(--line); background: var(--card) }
header p { max-width: 46rem; margin: .4rem 0; color: var(--soft) }
h1 { margin: 0 0 .6rem; font-size: 1.9rem; letter-spacing: -.01em } h1 small { color: var(--soft); font-weight: 400; font-size: 1rem }
.columns { display: grid; grid-template-columns: 17rem minmax(0, 1fr) }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 1.2rem 1rem 2rem clamp(1rem, 2vw, 2rem); font-size: .9rem; border-right: 1px solid var(--line) }
nav h2 { font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; margin: 1.1rem 0 .3rem } nav h2 a { color: var(--soft) }
nav ul { list-style: none; margin: 0; padding: 0 } nav li a { display: flex; gap: .5rem; padding: .12rem 0; color: var(--ink) }
nav .method { font-size: .68rem; width: 2.9rem; padding: .15rem 0; text-align: right }
main { padding: 1rem clamp(1rem, 3vw, 2.5rem) 4rem; max-width: 66rem }
main h2 { margin: 2.2rem 0 0; font-size: 1.35rem; text-transform: capitalize } .about { margin: .2rem 0 .9rem; color: var(--soft) }
h3 { margin: 0 0 .3rem; font-size: 1.05rem } h4 { margin: 1.2rem 0 .4rem; font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; color: var(--soft) }
.operation, .schema { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; margin: .5rem 0 }
.schema { padding: 1rem 1.1rem; margin: .8rem 0 } :target { outline: 2px solid var(--act); outline-offset: 1px }
summary { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem .8rem; padding: .65rem 1rem; cursor: pointer; list-style: none } summary::-webkit-details-marker { display: none }
summary::after { content: "+"; margin-left: auto; color: var(--soft) } [open] > summary::after { content: "\\2212" } [open] > summary { border-bottom: 1px solid var(--line) }
.method { font: 600 .78rem/1.2 ui-monospace, monospace; text-transform: uppercase; color: var(--soft) } .operation .method { min-width: 3.6rem }
.get { color: var(--get) } .post { color: var(--post) } .delete { color: var(--delete) }
.path { font-weight: 600; overflow-wrap: anywhere } .what { color: var(--soft) }
.inside { padding: .3rem 1.1rem 1.1rem } .permission, .media { color: var(--soft); font-size: .9rem; margin: .5rem 0 } .media { font-family: ui-monospace, monospace; font-size: .8rem }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .92rem }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-top: 1px solid var(--line); font-weight: 400 } tr:first-child > * { border-top: 0 }
th { white-space: nowrap; width: 13rem; padding-right: 1.2rem } th small { color: var(--soft) } .type { color: var(--soft); min-width: 9rem; width: 15rem }
.answer { margin: .35rem 0 .7rem } .status { font-family: ui-monospace, monospace; margin-right: .3rem } .good { color: var(--good) } .bad { color: var(--bad) }
pre { background: var(--code); border: 1px solid var(--line); border-radius: .4rem; padding: .7rem .9rem; margin: .3rem 0; overflow-x: auto }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px }
@media (max-width: 52rem) { .columns { display: block } nav { position: static; max-height: none; border-right: 0; border-bottom: 1px solid var(--line); padding: .6rem 1rem 1rem } nav ul { display: none } nav h2 { display: inline-block; margin: .4rem .9rem 0 0 } }
`;
