/* render_main.c: the program dynaflow-render, which `dynaflow render` starts. */
#define _GNU_SOURCE
#include <jansson.h>
#include <stdio.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "exit_code.h"
#include "film.h"
#include "film_strip.h"
#include "keyframes.h"
#include "process.h"
#include "rows.h"
#include "scenery.h"
#include "show_arguments.h"
#include "shown.h"
#include "terminal.h"
#include "text.h"

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
  status = scenery_new(a, motions, &s);
  if (status == DF_OK) status = draw_strip(&s, strip, out);
  /* without ffmpeg, there is still the strip */
  if (status == DF_OK && a->film) status = draw_film(&s, out);
  scenery_clear(&s);
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

int main(int argc, char** argv) {
  if (!process_start()) return EXIT_USAGE;
  show_arguments a = show_arguments_default();
  char name[] = "dynaflow render";
  if (argc > 0) argv[0] = name;
  options_set_example("dynaflow render my_task --out my_task.png --frames 4");
  options_parse(&render_argp, argc, argv, &a);
  return render(&a);
}
