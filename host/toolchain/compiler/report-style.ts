/** The style sheet of a model report's page. */
export const STYLE = `
:root{--ground:#fbfaf7;--card:#fff;--text:#1d2126;--soft:#5c6670;--line:#e2dfd7;--input:#2f7fd1;--tensor:#5b6fd6;--output:#17906b;--scratch:#b9b3a5;--on:#fff;--on-scratch:#1d2126}
@media (prefers-color-scheme:dark){:root{--ground:#14171b;--card:#1b1f25;--text:#e8eaed;--soft:#9aa4af;--line:#2c323a;--input:#3d8bdb;--tensor:#6b7de0;--output:#1f9d78;--scratch:#4b515b;--on:#fff;--on-scratch:#e8eaed}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1080px;margin:0 auto;padding:clamp(16px,4vw,48px)}
h1{font-size:clamp(1.6rem,5vw,2.4rem);line-height:1.15;letter-spacing:-.02em;margin:0;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin:0 0 4px}
code{font:13px/1.4 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.digest{margin:6px 0 0;color:var(--soft);font-size:13px}
.digest span{margin-right:4px}
.says{margin:0 0 12px;color:var(--soft);max-width:70ch}
section{margin-top:32px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:24px 0 0}
.figures div{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px 16px}
.figures dt{color:var(--soft);font-size:13px}
.figures dd{margin:0;font-size:1.55rem;font-weight:650;letter-spacing:-.02em;line-height:1.2;font-variant-numeric:tabular-nums}
.figures small{display:block;font-size:12.5px;font-weight:400;letter-spacing:0;color:var(--soft);margin-top:4px}
.ends{display:grid;grid-template-columns:repeat(auto-fit,minmax(240px,1fr));gap:12px 32px}
.ends ul{margin:0;padding:0;list-style:none}
.ends span{color:var(--soft);white-space:nowrap}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:0 0 10px;padding:0;list-style:none;font-size:13.5px;color:var(--soft)}
.legend li{display:flex;align-items:center;gap:7px}
.legend i{width:12px;height:12px;border-radius:3px}
i.input{background:var(--input)}i.tensor{background:var(--tensor)}i.output{background:var(--output)}i.scratch{background:var(--scratch)}
.plot,.table{margin:0;background:var(--card);border:1px solid var(--line);border-radius:12px;overflow-x:auto}
.plot svg{display:block;width:100%;min-width:640px;height:auto}
.table:focus-visible,.plot:focus-visible{outline:2px solid var(--input);outline-offset:2px}
svg text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;fill:var(--on);pointer-events:none}
svg .axis{fill:var(--soft)}
svg .name{font-weight:600}
svg .size{opacity:.9}
.grid{stroke:var(--line);fill:none}
.base{stroke:var(--soft);fill:none}
.block rect{stroke:var(--card);stroke-width:1}
.block:hover rect{stroke:var(--text);stroke-width:2}
.block.input rect{fill:var(--input)}.block.tensor rect{fill:var(--tensor)}.block.output rect{fill:var(--output)}.block.scratch rect{fill:var(--scratch)}
.block.scratch text{fill:var(--on-scratch)}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:9px 11px;border-top:1px solid var(--line);vertical-align:top;white-space:nowrap}
thead th{border-top:0;color:var(--soft);font-weight:500;font-size:13px}
tbody th{font-weight:600}
tbody th small{display:block;font-weight:400;color:var(--soft);font-size:12.5px;max-width:27ch;overflow:hidden;text-overflow:ellipsis}
.index,.to{color:var(--soft)}
.number{text-align:right}
.bar{display:block;height:3px;border-radius:2px;background:var(--tensor);margin:5px 0 0 auto;min-width:2px}
@media (max-width:700px){
.plot{overflow-x:auto}
table,tbody{display:block}thead{display:none}
tbody tr{display:grid;grid-template-columns:auto 1fr auto;gap:1px 12px;padding:11px 14px;border-top:1px solid var(--line)}
tbody tr:first-child{border-top:0}
tbody th,tbody td{border:0;padding:0;white-space:normal}
tbody th small{max-width:none;overflow-wrap:anywhere}
tbody td:nth-child(3){grid-column:2}tbody td:nth-child(4){display:none}
tbody td:nth-child(5){grid-row:1;grid-column:3}
tbody td:nth-child(6){grid-row:2;grid-column:3}
tbody td:nth-child(7){display:none}
tbody td:nth-child(5)::after{content:" MACs";color:var(--soft)}
tbody td:nth-child(6)::after{content:" rom";color:var(--soft)}
tbody td .bar{display:none}
}
@media print{body{background:#fff}.plot svg{min-width:0}}
`;
