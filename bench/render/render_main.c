/* render_main.c: the program dynaflow-render, which `dynaflow render` and `dynaflow show` start. */
#define _GNU_SOURCE
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "exit_code.h"
#include "film.h"
#include "film_strip.h"
#include "gl_context.h"
#include "keyframes.h"
#include "process.h"
#include "rows.h"
#include "scenery.h"
#include "show_arguments.h"
#include "shown.h"
#include "terminal.h"
#include "text.h"
#include "window.h"

static void add_file(rows* out, const char* path, const char* kind, int width, int height, int pictures) {
  rows_add_object(out, json_pack("{s:s,s:s,s:i,s:i,s:i}", "file", path, "kind", kind, "width", width, "height", height,
                                 "pictures", pictures));
}

static df_status draw_strip(const scenery* s, const char* path, rows* out) {
  image picture;
  df_status status = film_strip_draw(s, &picture);
  if (status == DF_OK) status = image_write_png(&picture, path);
  if (status == DF_OK) {
    const int per_row = (picture.width + 2) / (s->arguments->width + 2);
    add_file(out, path, "strip", picture.width, picture.height, per_row * s->arguments->n_views * s->motions->n);
  }
  image_clear(&picture);
  return status;
}

static df_status draw_film(const scenery* s, rows* out) {
  film_facts facts;
  const df_status status = film_write(s, &facts);
  if (status == DF_OK) add_file(out, s->arguments->film, "film", facts.width, facts.height, facts.pictures);
  return status;
}

static df_status draw(const show_arguments* a, const shown* motions, rows* out) {
  scenery s;
  char* strip = a->out ? format_text("%s", a->out)
                       : format_text("%s%s%s.png", motions->folder ? motions->folder : "", motions->folder ? "/" : "",
                                     motions->name);
  df_status status = !a->out && motions->folder ? df_dir_make(motions->folder) : DF_OK;
  if (status != DF_OK) {
    df_free(strip);
    return status;
  }
  s = (scenery){0};
  status = gl_context_open();
  if (status == DF_OK) status = scenery_new(a, motions, &s);
  if (status == DF_OK) status = draw_strip(&s, strip, out);
  /* without ffmpeg, there is still the strip */
  if (status == DF_OK && a->film) status = draw_film(&s, out);
  scenery_clear(&s);
  gl_context_close();
  df_free(strip);
  return status;
}

static int render(const show_arguments* a) {
  shown* motions;
  rows out = rows_new();
  df_status status = shown_new(a, &motions);
  if (status == DF_OK) status = a->keyframes ? keyframes_write(motions, a) : draw(a, motions, &out);
  shown_free(motions);
  const int code = report_failure(status);
  if (json_array_size(out.list) > 0 && (a->common.json || !a->common.quiet)) rows_print(&out, &a->common);
  rows_free(&out);
  return code;
}

/* a row per motion that is played */
static void add_motion(const shown* s, const shown_motion* m, rows* out) {
  const double dt = s->task->system->dt;
  rows_add_object(out, json_pack("{s:s,s:s,s:f,s:i,s:f}", "motion", m->title, "condition", m->condition, "start_s",
                                 m->start, "states", m->n, "seconds", (m->n - 1) * dt));
}

static int show(const show_arguments* a) {
  shown* motions = NULL;
  rows out = rows_new();
  df_status status = window_connect();
  if (status == DF_OK) status = shown_new(a, &motions);
  if (status == DF_OK) status = window_show(a, motions);
  for (int k = 0; status == DF_OK && k < motions->n; k++) add_motion(motions, &motions->list[k], &out);
  shown_free(motions);
  window_disconnect();
  const int code = report_failure(status);
  if (status == DF_OK && a->common.json) rows_print(&out, &a->common);
  rows_free(&out);
  return code;
}

/* the name under which the program was started, by bench/commands/renderer.h, is that of the command */
int main(int argc, char** argv) {
  static char render_name[] = "dynaflow render", show_name[] = "dynaflow show";
  if (!process_start()) return EXIT_USAGE;
  const bool shows = argc > 0 && strcmp(argv[0], show_name) == 0;
  show_arguments a = shows ? show_arguments_of_window() : show_arguments_default();
  if (argc > 0) argv[0] = shows ? show_name : render_name;
  options_parse(shows ? &show_argp : &render_argp, argc, argv, &a);
  return shows ? show(&a) : render(&a);
}
