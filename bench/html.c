#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "report.h"

static const char STYLE[] =
    ":root{color-scheme:light "
    "dark;--ink:#1b1b1b;--soft:#5c5c5c;--paper:#fff;--line:#d9d9d9;--band:#f5f6f8;--link:#0060a8}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8e8e8;--soft:#a5a5a5;--paper:#16181b;--line:#3a3d42;--band:#"
    "1f2226;"
    "--link:#7cc0ff}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:84rem;padding:2rem 1.25rem 4rem;background:var(--paper);color:var(--ink);"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}\n"
    "h1{font-size:1.7rem;margin:0 0 .3rem}h2{font-size:1.3rem;margin:2.6rem 0 .4rem;border-bottom:1px solid "
    "var(--line)}"
    "h3{font-size:1.05rem;margin:1.6rem 0 .4rem}\n"
    "p{margin:.4rem 0}.soft,figcaption{color:var(--soft);font-size:.9rem}a{color:var(--link)}\n"
    ".wide{overflow-x:auto;margin:.6rem 0}\n"
    "table{border-collapse:collapse;font-size:.86rem;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.28rem .6rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}\n"
    "th:first-child,td:first-child{text-align:left}th{font-weight:600;background:var(--band)}\n"
    "td{white-space:normal}small{white-space:nowrap;color:var(--soft);font-weight:400;font-size:.82em}td{vertical-"
    "align:top}\n"
    ".words th,.words td{text-align:left;white-space:normal}\n"
    "figure{margin:1.4rem 0;break-inside:avoid}\n"
    /* figures are drawn for white paper and keep it in the dark */
    "figure img{display:block;max-width:100%;height:auto;background:#fff;border:1px solid "
    "var(--line);border-radius:4px;"
    "padding:.5rem}\n"
    "figcaption{margin-top:.45rem;max-width:60rem}details{margin:.8rem 0}summary{cursor:pointer}\n"
    "@media print{body{max-width:none;padding:0;font-size:10pt;background:#fff;color:#000}figure "
    "img{border:0;padding:0}"
    "details,details>*{display:block}summary{display:none}h2{break-before:page}h2:first-of-type{break-before:auto}"
    "a{color:inherit;text-decoration:none}.wide{overflow:visible}table{font-size:7.5pt}th,td{padding:.15rem .35rem}}\n";

static void add_figures(const figures* f, int group, text* out) {
  for (int i = f->first[group]; i < f->first[group + 1]; i++) {
    const figure* one = &f->list[i];
    text_add(out, "<figure><img src=\"plots/%s.svg\" alt=\"", one->name);
    text_add_html(out, one->caption);
    text_add(out, "\"><figcaption>");
    text_add_html(out, one->caption);
    text_add(out, " <a href=\"plots/%s.gp\">script</a> <a href=\"plots/%s.dat\">data</a></figcaption></figure>\n",
             one->name, one->name);
  }
}

static void add_group(const report* r, const figures* f, int group, text* out) {
  const report_group* g = &r->groups[group];
  text_add(out, "<h2>");
  text_add_html(out, g->task);
  text_add(out, " <span class=\"soft\">profile ");
  text_add_html(out, g->profile);
  text_add(out, "</span></h2>\n<p class=\"soft\">");
  text note = {0};
  group_note(r, g, &note);
  text_add_html(out, text_of(&note));
  text_clear(&note);
  text_add(out, "</p>\n");
  if (g->done == 0) return;
  for (int j = 0; j < g->n_k; j++) {
    if (g->k[j]) text_add(out, "<h3>K = %d sampler step%s</h3>\n", g->k[j], g->k[j] == 1 ? "" : "s");
    table_main(r, g, g->k[j], TABLE_HTML, out);
  }
  add_figures(f, group, out);
  text_add(out, "<details><summary>All metrics</summary>\n");
  table_all(r, g, TABLE_HTML, out);
  text_add(out, "</details>\n");
}

df_status html_write(const report* r, const figures* f, const char* folder) {
  text out = {0};
  int done = 0;
  for (int i = 0; i < r->n_cells; i++) done += r->cells[i].done;
  text_add(&out,
           "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>");
  text_add_html(&out, r->name);
  text_add(&out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>Run ", STYLE);
  text_add_html(&out, r->name);
  text_add(&out,
           "</h1>\n<p class=\"soft\">%d of %d cells done. The same numbers: <a href=\"tables.md\">tables.md</a>, "
           "<a href=\"results.csv\">results.csv</a>. How long it took: <a href=\"times.csv\">times.csv</a>. Everything "
           "here is drawn from the run's records alone.</p>\n",
           done, r->n_cells);
  for (int i = 0; i < r->n_groups; i++) add_group(r, f, i, &out);
  text_add(&out, "<h2>Cells</h2>\n");
  table_cells(r, TABLE_HTML, &out);
  text_add(&out, "<h2>Made by</h2>\n<div class=\"words\">");
  table_provenance(r, TABLE_HTML, &out);
  text_add(&out, "</div>\n</body>\n</html>\n");
  char* path = df_path_join(folder, "index.html");
  const df_status status = path ? text_write(&out, path) : DF_E_NOMEM;
  df_free(path);
  text_clear(&out);
  return status;
}
