#include "data_card.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/sim/mujoco.h"
#include "escape.h"
#include "text.h"

/* ---- what is covered ---- */

bool card_is_gait(const df_dataset* data, int i) {
  return strncmp(data->condition_name[i], "gait.", 5) == 0;
}

/* adds the frames of a gait, or all (-1): range and sum, or with the range of all frames the bins */
static void add_values(const df_dataset* data, int i, int gait, card_range* r, const card_range* whole) {
  for (int e = 0; e < data->episodes; e++) {
    for (int t = 0; t <= data->lengths[e]; t++) {
      const double* condition = df_dataset_condition(data, e, t);
      if (gait >= 0 && !(condition[gait] > 0.5)) continue;
      const double value = condition[i];
      if (!whole) {
        r->lo = r->frames ? fmin(r->lo, value) : value;
        r->hi = r->frames ? fmax(r->hi, value) : value;
        r->mean += value;
        r->frames++;
        continue;
      }
      const double share = whole->hi > whole->lo ? (value - whole->lo) / (whole->hi - whole->lo) : 0;
      const int bin = (int)(share * CARD_BINS);
      r->bin[bin < CARD_BINS ? bin : CARD_BINS - 1]++;
    }
  }
}

card_range card_range_of(const df_dataset* data, int i, int gait) {
  card_range whole = {0}, own = {0};
  add_values(data, i, -1, &whole, NULL);
  add_values(data, i, gait, &own, NULL);
  add_values(data, i, gait, &own, &whole);
  if (own.frames) own.mean /= (double)own.frames;
  return own;
}

/* ---- the card ---- */

/* a row of a table of two columns */
static void add_row(text* out, const char* what, const char* value) {
  text_add(out, "| %s | ", what);
  text_add_markdown(out, value);
  text_add(out, " |\n");
}

static void add_number(text* out, const char* what, double value, const char* unit) {
  char* shown = format_text("%.10g%s%s", value, unit[0] ? " " : "", unit);
  add_row(out, what, shown);
  df_free(shown);
}

static void add_facts(text* out, const df_system* system, const df_generator* generator, const df_dataset* data,
                      const char* sha256) {
  text names = {0};
  for (int i = 0; i < data->nc; i++) text_add(&names, "%s%s", i ? ", " : "", data->condition_name[i]);
  text_add(out, "| | |\n| --- | --- |\n");
  add_row(out, "SHA-256 of the file", sha256);
  add_row(out, "generator", generator->name);
  add_number(out, "version of the generator", generator->version, "");
  add_row(out, "what it makes", generator->summary);
  add_row(out, "SHA-256 of the compiled model", df_mujoco_identity(system)->compiled);
  add_row(out, "MuJoCo", df_mujoco_version());
  add_number(out, "episodes", data->episodes, "");
  add_number(out, "actions", (double)df_dataset_actions(data), "");
  add_number(out, "duration of an action", data->dt, "s");
  add_number(out, "total duration", (double)df_dataset_actions(data) * data->dt, "s");
  add_number(out, "state coordinates", data->nx, "");
  add_number(out, "action coordinates", data->nu, "");
  add_row(out, data->condition_per_frame ? "conditions, per frame" : "conditions, per episode", text_of(&names));
  text_clear(&names);
}

static void add_settings(text* out, const df_config* config, const card_origin* origin) {
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  text_add(out, "\n## Settings\n\nThose on which the demonstrations depend and that are not at their defaults%s.\n\n",
           origin->n_options ? ", and options of the command" : "");
  text_add(out, "| setting | value | unit |\n| --- | --- | --- |\n");
  for (int i = 0; i < n; i++) {
    char value[DF_VALUE_MAX];
    df_config_value(config, i, value, sizeof value);
    if (!origin->depends(&keys[i], value) || strcmp(value, keys[i].default_text) == 0) continue;
    text_add(out, "| %s | ", keys[i].name);
    text_add_markdown(out, value);
    text_add(out, " | %s |\n", keys[i].unit);
  }
  for (int i = 0; i < origin->n_options; i++)
    text_add(out, "| %s | %s | %s |\n", origin->option[i].name, origin->option[i].value, origin->option[i].unit);
}

static void add_attempts(text* out, const df_generation* attempts) {
  text_add(out,
           "\n## Attempts\n\nAn attempt that fails, by a fall for example, is rejected, so conditions that are hard "
           "are rarer "
           "than they were drawn.\n\n| kind | attempts | kept | failed | successful |\n| --- | ---: | ---: | ---: | "
           "---: |\n");
  for (int i = 0; i < attempts->n; i++) {
    const df_attempts* a = &attempts->kind[i];
    text_add(out, "| ");
    text_add_markdown(out, a->name);
    text_add(out, " | %d | %d | %d | %.1f %% |\n", a->tried, a->tried - a->rejected, a->rejected,
             100.0 * (a->tried - a->rejected) / a->tried);
  }
}

/* a table per condition that is no gait, with a row per gait, and one of all frames */
static void add_coverage(text* out, const df_dataset* data) {
  text_add(
      out,
      "\n## Coverage\n\nFrames of each gait: smallest, mean and largest value of a condition, and the share of the "
      "frames in each tenth of the range of all frames, in percent.\n");
  for (int i = 0; i < data->nc; i++) {
    if (card_is_gait(data, i)) continue;
    text_add(out, "\n### ");
    text_add_markdown(out, data->condition_name[i]);
    text_add(out, "\n\n| gait | frames | least | mean | largest |");
    for (int b = 0; b < CARD_BINS; b++) text_add(out, " %d |", b + 1);
    text_add(out, "\n| --- |");
    for (int b = 0; b < 4 + CARD_BINS; b++) text_add(out, " ---: |");
    text_add(out, "\n");
    for (int g = -1; g < data->nc; g++) {
      if (g >= 0 && !card_is_gait(data, g)) continue;
      const card_range r = card_range_of(data, i, g);
      if (r.frames == 0) continue;
      text_add(out, "| ");
      text_add_markdown(out, g < 0 ? "all" : data->condition_name[g] + 5);
      text_add(out, " | %ld | %.4g | %.4g | %.4g |", r.frames, r.lo, r.mean, r.hi);
      for (int b = 0; b < CARD_BINS; b++) text_add(out, " %.1f |", 100.0 * (double)r.bin[b] / (double)r.frames);
      text_add(out, "\n");
    }
  }
}

char* data_card_path(const char* path) {
  return format_text("%.*s.card.md", (int)(strlen(path) - strlen(".npz")), path);
}

df_status data_card_write(const char* path, const df_config* config, const df_system* system, const card_origin* origin,
                          const df_dataset* data, const df_generation* attempts) {
  char sha256[DF_SHA256_TEXT];
  DF_TRY(df_sha256_file(path, sha256));
  text out = {0};
  text_add(&out, "# Data card: demonstrations of ");
  text_add_markdown(&out, config->task_name);
  text_add(&out, "\n\nWritten by %s.\n\n", origin->written_by);
  add_facts(&out, system, origin->generator, data, sha256);
  add_settings(&out, config, origin);
  if (attempts->n) add_attempts(&out, attempts);
  if (data->nc) add_coverage(&out, data);

  char* card = data_card_path(path);
  const df_status status = text_write(&out, card);
  text_clear(&out);
  df_free(card);
  return status;
}
