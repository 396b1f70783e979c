#include "html.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "escape.h"
#include "table.h"
#include "tables.h"
#include "text.h"

static const char STYLE[] =
    ":root{color-scheme:light dark;--ink:#1b1b1b;--soft:#5c5c5c;--paper:#fff;--line:#d9d9d9;--band:#f5f6f8;"
    "--link:#0060a8}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8e8e8;--soft:#a5a5a5;--paper:#16181b;--line:#3a3d42;"
    "--band:#1f2226;--link:#7cc0ff}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:84rem;padding:2rem 1.25rem 4rem;background:var(--paper);color:var(--ink);"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}\n"
    "h1{font-size:1.7rem;margin:0 0 .3rem}h3{font-size:1.05rem;margin:1.6rem 0 .4rem}h4{font-size:.95rem;margin:1rem 0 "
    ".2rem}\n"
    "h2{font-size:1.3rem;margin:2.6rem 0 .4rem;border-bottom:1px solid var(--line)}\n"
    "p{margin:.4rem 0}.soft,figcaption{color:var(--soft);font-size:.9rem;max-width:60rem}a{color:var(--link)}\n"
    ".wide{overflow-x:auto;margin:.6rem 0}\n"
    "table{border-collapse:separate;border-spacing:0;font-size:.84rem;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.28rem .5rem;text-align:right;vertical-align:top;border-bottom:1px solid var(--line)}\n"
    "th{font-weight:600;background:var(--band);vertical-align:bottom}\n"
    "small{white-space:nowrap;color:var(--soft);font-weight:400;font-size:.82em}\n"
    ".w{text-align:left}tr>.w:first-child{position:sticky;left:0;background:var(--paper)}\n"
    "tr>th.w:first-child{background:var(--band)}\n"
    "figure{margin:1.4rem 0;break-inside:avoid}\n"
    "figure img{display:block;max-width:100%;height:auto;background:#fff;border:1px solid var(--line);"
    "border-radius:4px;padding:.5rem}\n"
    /* figures have a white background; dark mode inverts their lightness and keeps their hues */
    "@media screen and (prefers-color-scheme:dark){figure img{filter:invert(.9) "
    "hue-rotate(180deg);border-color:#bbb}}\n"
    "figcaption{margin-top:.45rem}details{margin:.8rem 0}summary{cursor:pointer}\n"
    "@media print{:root{--ink:#000;--soft:#444;--paper:#fff;--line:#bbb;--band:#f2f2f2}"
    "body{max-width:none;padding:0;font-size:10pt}figure img{border:0;padding:0;max-height:23cm}"
    "details{display:block}details::details-content{content-visibility:visible;display:block}summary{font-weight:600}"
    ".group+.group{break-before:page}h2,h3,summary{break-after:avoid}tr{break-inside:avoid}"
    "a{color:inherit;text-decoration:none}.wide{overflow:visible}"
    "table{font-size:7pt}th,td{padding:.12rem .3rem}.sources{display:none}}\n";

static void add_figures(const figures* f, int group, text* out) {
  for (int i = f->first[group]; i < f->first[group + 1]; i++) {
    const figure* one = &f->list[i];
    text_add(out, "<figure><img src=\"plots/%s.svg\" alt=\"", one->name);
    text_add_html(out, one->caption);
    text_add(out, "\"><figcaption>");
    text_add_html(out, one->caption);
    text_add(out,
             " <span class=\"sources\"><a href=\"plots/%s.pdf\">PDF</a> <a href=\"plots/%s.gp\">script</a> "
             "<a href=\"plots/%s.dat\">data</a></span></figcaption></figure>\n",
             one->name, one->name, one->name);
  }
}

/* whether `dynaflow render` left a file of this name and ending beside the figures */
static bool has_drawn(const char* folder, const char* name, const char* ending) {
  char* path = format_text("%s/plots/%s%s", folder, name, ending);
  const bool there = df_file_exists(path);
  df_free(path);
  return there;
}

/* The strips and films of the group's methods, as far as they were drawn. Photographs are not inverted in dark mode. */
static void add_motions(const run_group* g, const char* folder, text* out) {
  for (int m = 0; m < g->n_methods; m++) {
    char* words = format_text("%s-%s-%s", g->task, g->profile, g->methods[m]);
    char* name = file_name_of(words);
    const char* film = has_drawn(folder, name, ".mp4") ? ".mp4" : has_drawn(folder, name, ".webm") ? ".webm" : NULL;
    if (has_drawn(folder, name, ".png")) {
      text_add(out, "<figure><img style=\"filter:none\" src=\"plots/%s.png\" alt=\"Motions of ", name);
      text_add_html(out, g->methods[m]);
      text_add(out, "\">");
      if (film)
        text_add(out, "<video style=\"max-width:100%%\" controls loop muted src=\"plots/%s%s\"></video>", name, film);
      text_add(out, "<figcaption>Motions of ");
      text_add_html(out, g->methods[m]);
      text_add(
          out,
          ", planned from held-out start states, as <code>dynaflow render</code> drew them.</figcaption></figure>\n");
    }
    df_free(words);
    df_free(name);
  }
}

static void add_note(void (*write)(const run_view*, const summary*, const run_group*, text*), const run_view* r,
                     const summary* s, const run_group* g, text* out) {
  text note = {0};
  write(r, s, g, &note);
  text_add(out, "<p class=\"soft\">");
  text_add_html(out, text_of(&note));
  text_add(out, "</p>\n");
  text_clear(&note);
}

static void note_of_group(const run_view* r, const summary* s, const run_group* g, text* out) {
  (void)s;
  group_note(r, g, out);
}

/* interquartile means and comparisons, which need several seeds */
static void add_summary(const run_view* r, const summary* s, const run_group* g, text* out) {
  if (g->experts) return;
  text_add(out, "<h3>Statistics over seeds and windows</h3>\n");
  add_note(summary_note, r, s, g, out);
  if (!summary_has(s, g)) return;
  for (int j = 0; j < g->n_k; j++) {
    if (g->k[j]) text_add(out, "<h4>K = %d</h4>\n", g->k[j]);
    table_iqm(r, s, g, g->k[j], TABLE_HTML, out);
    table_against(r, s, g, g->k[j], TABLE_HTML, out);
  }
  text_add(out, "<details><summary>All comparisons</summary>\n");
  table_comparisons(s, g, TABLE_HTML, out);
  text_add(out, "</details>\n");
}

static void put_note(text* out, const char* line) {
  text_add(out, "<li>");
  text_add_html(out, line);
  text_add(out, "</li>\n");
}

/* the notes of the cells of a group as a list; nothing if there are none */
static void add_notes(const run_view* r, const run_group* g, text* out) {
  text notes = {0};
  for_notes(r, g, put_note, &notes);
  if (notes.n) text_add(out, "<h3>Warnings</h3>\n<ul>\n%s</ul>\n", text_of(&notes));
  text_clear(&notes);
}

static void add_group(const run_view* r, const summary* s, const figures* f, int group, const char* folder, text* out) {
  const run_group* g = &r->groups[group];
  text_add(out, "<section class=\"group\"><h2>");
  text_add_html(out, g->task);
  text_add(out, "%s <span class=\"soft\">profile ", g->experts ? ", experts" : "");
  text_add_html(out, g->profile);
  text_add(out, "</span></h2>\n");
  add_note(note_of_group, r, s, g, out);
  add_notes(r, g, out);
  if (has_diagnostics(r, g)) text_add(out, "<h3>Diagnostics</h3>\n");
  table_gates(r, g, TABLE_HTML, out);
  table_curves(r, g, TABLE_HTML, out);
  for (int j = 0; j < g->n_k && g->done; j++) {
    if (g->k[j]) text_add(out, "<h3>K = %d sampler step%s</h3>\n", g->k[j], g->k[j] == 1 ? "" : "s");
    table_main(r, g, g->k[j], TABLE_HTML, out);
    table_side(r, g, g->k[j], TABLE_HTML, out);
  }
  table_gaits(r, g, TABLE_HTML, out);
  if (g->done) table_definitions(g, TABLE_HTML, out);
  if (g->done) {
    add_summary(r, s, g, out);
    text_add(out, "<h3>Figures</h3>\n");
    add_figures(f, group, out);
    add_motions(g, folder, out);
    text_add(out, "<details><summary>All metrics</summary>\n");
    table_all(r, g, TABLE_HTML, out);
    text_add(out, "</details>\n");
  }
  text_add(out, "</section>\n");
}

df_status html_write(const run_view* r, const summary* s, const figures* f, const char* folder) {
  /* head and title */
  text out = {0};
  int done = 0;
  for (int i = 0; i < r->n_cells; i++) done += r->cells[i].done;
  text_add(&out,
           "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>");
  text_add_html(&out, r->name);
  text_add(&out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>Run ", STYLE);
  text_add_html(&out, r->name);
  text_add(
      &out,
      "</h1>\n<p class=\"soft\">%d of %d cells done. The same numbers as text: <a href=\"tables.md\">tables.md</a>, "
      "<a href=\"results.csv\">results.csv</a>. Run times: <a href=\"times.csv\">times.csv</a>. Everything on this "
      "page is derived from the records of the run.</p>\n",
      done, r->n_cells);
  /* groups, cells, provenance */
  for (int i = 0; i < r->n_groups; i++) add_group(r, s, f, i, folder, &out);
  text_add(&out, "<h2>Cells</h2>\n");
  table_cells(r, TABLE_HTML, &out);
  text_add(&out, "<h2>Provenance</h2>\n");
  table_provenance(r, TABLE_HTML, &out);
  text_add(&out, "</body>\n</html>\n");
  /* file */
  char* path = df_path_join(folder, "index.html");
  const df_status status = path ? text_write(&out, path) : DF_E_NOMEM;
  df_free(path);
  text_clear(&out);
  return status;
}
