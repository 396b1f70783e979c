#include "expert_clips.h"

#include <stdio.h>
#include <string.h>

#include "data_path.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/task.h"
#include "text.h"

void expert_clips_clear(expert_clips* c) {
  df_dataset_free(c->data);
  df_free(c->clip);
  df_free(c->at);
  *c = (expert_clips){0};
}

/* ---- which episodes ---- */

/* the number of the gait of an episode in expert.gaits; < 0: it is none of them */
static int gait_of(const df_config* c, const df_dataset* data, int episode) {
  const char* name = df_dataset_group_gait(data, df_dataset_group(data, episode));
  if (!name) return 0;
  for (int i = 0; i < c->expert_gaits.n; i++) {
    if (strcmp(c->expert_gaits.v[i], name) == 0) return i;
  }
  return -1;
}

/* whether expert.clips has an episode; an empty list has all */
static bool is_chosen(const df_config* c, int episode) {
  for (int i = 0; i < c->expert_clips.n; i++) {
    if (c->expert_clips.v[i] == episode) return true;
  }
  return c->expert_clips.n == 0;
}

/* the stretches of an episode that are of the training side and long enough; returns their number */
static int add_stretches(const df_config* c, const df_windows* windows, int episode, int gait, expert_clips* out) {
  const df_dataset* data = out->data;
  const unsigned char* side = windows->side + data->first[episode];
  const int before = out->n, frames = data->lengths[episode] + 1;
  for (int first = 0, next; first < frames; first = next) {
    next = first + 1;
    if (side[first] != DF_SIDE_TRAIN) continue;
    while (next < frames && side[next] == side[first]) next++;
    if (next - first - 1 < c->expert_horizon) continue;
    out->clip[out->n] = (df_walk_clip){gait, next - first - 1, df_dataset_state(data, episode, first)};
    out->at[out->n++] = (df_window){episode, first};
  }
  return out->n - before;
}

/* whether data without conditions gait.NAME, or some episode, has this gait */
static bool has_gait(const df_dataset* data, const char* name) {
  for (int i = 0; i < data->episodes; i++) {
    const char* of_episode = df_dataset_group_gait(data, df_dataset_group(data, i));
    if (!of_episode || strcmp(of_episode, name) == 0) return true;
  }
  return false;
}

/* a gait of expert.gaits that no episode has; the message names those that there are */
static df_status refuse_unknown_gait(const df_dataset* data, const char* name) {
  static const char GAIT[] = "gait.";
  text known = {0};
  for (int i = 0; i < data->nc; i++) {
    if (strncmp(data->condition_name[i], GAIT, strlen(GAIT)) != 0) continue;
    const char* gait = data->condition_name[i] + strlen(GAIT);
    if (has_gait(data, gait)) text_add(&known, "%s%s", known.n ? "," : "", gait);
  }
  const df_status status =
      df_fail(DF_E_CONFIG,
              "expert.gaits: no episode of the gait '%s' to imitate: the demonstrations have %s: --set "
              "expert.gaits=%s",
              name, text_of(&known), text_of(&known));
  text_clear(&known);
  return status;
}

static df_status refuse_episode(const df_config* c, const expert_clips* out, int episode, int gait) {
  if (gait < 0)
    return df_fail(DF_E_CONFIG, "expert.clips: the gait of episode %d, %s, is none of expert.gaits", episode,
                   df_dataset_group_gait(out->data, df_dataset_group(out->data, episode)));
  return df_fail(DF_E_CONFIG,
                 "expert.clips: episode %d has no stretch of expert.horizon (%d) actions that is not held out for the "
                 "test or validation (split.*) or left out by train.episodes",
                 episode, c->expert_horizon);
}

static df_status list_clips(const df_config* c, const df_windows* windows, expert_clips* out) {
  bool found[DF_NAMES_MAX] = {false};
  for (int i = 0; i < c->expert_clips.n; i++) {
    const double episode = c->expert_clips.v[i];
    if (episode != (int)episode || episode >= out->data->episodes)
      return df_fail(DF_E_CONFIG, "expert.clips: there is no episode %g, but 0..%d", episode, out->data->episodes - 1);
  }
  for (int episode = 0; episode < out->data->episodes; episode++) {
    const int gait = gait_of(c, out->data, episode);
    const int n = gait >= 0 && is_chosen(c, episode) ? add_stretches(c, windows, episode, gait, out) : 0;
    if (n == 0 && c->expert_clips.n && is_chosen(c, episode)) return refuse_episode(c, out, episode, gait);
    if (n) found[gait] = true;
  }
  for (int i = 0; i < c->expert_gaits.n; i++) {
    if (!has_gait(out->data, c->expert_gaits.v[i])) return refuse_unknown_gait(out->data, c->expert_gaits.v[i]);
    if (!found[i])
      return df_fail(
          DF_E_CONFIG,
          "expert.gaits: no episode of the gait '%s' to imitate has expert.horizon (%d) actions that are not "
          "held out; leave the gait out",
          c->expert_gaits.v[i], c->expert_horizon);
  }
  return DF_OK;
}

/* ---- their hash ---- */

static df_status hash_clips(expert_clips* c) {
  text all = {0};
  char sha256[DF_SHA256_TEXT];
  df_status status = DF_OK;
  for (int i = 0; i < c->n && status == DF_OK; i++) {
    const size_t numbers = ((size_t)c->clip[i].length + 1) * (size_t)c->data->nx;
    status = df_sha256(c->clip[i].states, numbers * sizeof(double), sha256);
    text_add(&all, "%d %d %s\n", c->clip[i].gait, c->clip[i].length, sha256);
  }
  if (status == DF_OK) status = df_sha256(text_of(&all), all.n, c->sha256);
  text_clear(&all);
  return status;
}

/* ---- fewer and noisier demonstrations ---- */

/* df_task_degrade() of the clips' demonstrations; their chart is that of the settings */
static df_status degrade(const df_config* config, df_system* system, df_windows* windows, df_dataset* data) {
  if (config->train_episodes == 0 && !(config->train_noise > 0)) return DF_OK;
  df_task* task = df_alloc(1, sizeof *task);
  if (!task) return DF_E_NOMEM;
  *task = (df_task){.config = *config, .system = system, .data = data, .windows = windows};
  df_status status = df_chart_new(system, config, &task->chart);
  if (status == DF_OK) status = df_chart_fit(task->chart, data, windows);
  if (status == DF_OK) status = df_task_degrade(task);
  df_chart_free(task->chart);
  df_free(task);
  return status;
}

df_status expert_clips_load(const df_config* config, const df_search* search, const options* opts, df_system* system,
                            expert_clips* out) {
  char* path = NULL;
  df_windows* windows = NULL;
  *out = (expert_clips){0};
  df_status status = task_data_path(config, search, opts, true, &path);
  if (status == DF_OK) status = df_dataset_read(path, config, system, &out->data);
  if (status == DF_OK) status = df_windows_new(out->data, config, &windows);
  if (status == DF_OK) status = degrade(config, system, windows, out->data);
  if (status == DF_OK) {
    /* a stretch has a frame of its own */
    const size_t most = out->data->first[out->data->episodes];
    out->clip = df_alloc(most, sizeof *out->clip);
    out->at = df_alloc(most, sizeof *out->at);
    status = out->clip && out->at ? list_clips(config, windows, out) : DF_E_NOMEM;
  }
  if (status == DF_OK) status = hash_clips(out);
  df_windows_free(windows);
  df_free(path);
  return status;
}
