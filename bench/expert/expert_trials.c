#include "expert_trials.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"

/* n walks of equal length with their arrays */
typedef struct walks {
  int n, length;
  df_expert_walk* walk;
  double *x, *u;
  df_walk_order* order;
} walks;

static void walks_clear(walks* w) {
  df_free(w->walk);
  df_free(w->x);
  df_free(w->u);
  df_free(w->order);
}

static df_status walks_make(const expert_task* task, const trials_cfg* cfg, int n, walks* w) {
  const df_system* system = task->system;
  const double dt = system->dt, length = round(cfg->seconds / dt);
  *w = (walks){.n = n, .length = (int)length};
  if (!(length >= 1 && length < 1e6))
    return df_fail(DF_E_CONFIG, "--seconds %g: a walk must have 1 to 999999 actions of %g s each", cfg->seconds, dt);
  const size_t frames = (size_t)w->length + 1, count = (size_t)n;
  w->walk = df_alloc(count, sizeof *w->walk);
  w->x = df_alloc(count * frames * (size_t)system->nx, sizeof *w->x);
  w->u = df_alloc(count * frames * (size_t)system->nu, sizeof *w->u);
  w->order = df_alloc(count * frames, sizeof *w->order);
  if (!w->walk || !w->x || !w->u || !w->order) return DF_E_NOMEM;
  for (size_t i = 0; i < count; i++) {
    w->walk[i] = (df_expert_walk){.length = w->length,
                                  .seed = cfg->seed,
                                  .gait = -1,
                                  .noise = cfg->noise,
                                  .renew = cfg->renew_seconds > 0 ? fmin(dt / cfg->renew_seconds, 1) : 0,
                                  .kick = cfg->kick,
                                  .kick_seconds = cfg->kick_seconds,
                                  .x = w->x + i * frames * (size_t)system->nx,
                                  .u = w->u + i * frames * (size_t)system->nu,
                                  .order = w->order + i * frames};
  }
  return DF_OK;
}

/* ---- scores ---- */

static void add_score(trials_score* sum, const df_walk_score* one) {
  sum->walks++;
  sum->falls += one->fell;
  if (!isnan(one->velocity_error)) {
    sum->cycles++;
    sum->velocity_error += one->velocity_error;
    sum->yaw_rate_error += one->yaw_rate_error;
  }
  if (!isnan(one->contact)) {
    sum->contacts++;
    sum->contact += one->contact;
  }
}

static void finish(trials_score* s) {
  s->fall_rate = s->walks ? df_share_interval(s->falls, s->walks) : (df_interval){.mean = NAN, .lo = NAN, .hi = NAN};
  s->velocity_error = s->cycles ? s->velocity_error / s->cycles : NAN;
  s->yaw_rate_error = s->cycles ? s->yaw_rate_error / s->cycles : NAN;
  s->contact = s->contacts ? s->contact / s->contacts : NAN;
}

static df_status judge(const expert_task* task, const walks* w, trials_score* score, trials_score* all, text* without) {
  static const double SETTLE = 1.5;
  const int gaits = df_walk_get_cfg(task->walk)->n_gaits, first = (int)round(SETTLE / task->system->dt);
  memset(all, 0, sizeof *all);
  memset(score, 0, (size_t)gaits * sizeof *score);
  for (int i = 0; i < w->n; i++) {
    df_walk_score one;
    DF_TRY(df_walk_judge(task->walk, &w->walk[i], first, &one));
    add_score(&score[w->walk[i].gait], &one);
    add_score(all, &one);
    if (!one.fell && isnan(one.velocity_error))
      text_add(without, "%s%d (%s)", without->n ? ", " : "", i, task->config.expert_gaits.v[w->walk[i].gait]);
  }
  for (int g = 0; g < gaits; g++) finish(&score[g]);
  finish(all);
  return DF_OK;
}

df_status expert_try(const expert_task* task, const df_expert* expert, const trials_cfg* cfg, trials_score* score,
                     trials_score* all, text* without) {
  const int gaits = df_walk_get_cfg(task->walk)->n_gaits;
  walks w;
  df_status status = walks_make(task, cfg, cfg->walks, &w);
  for (int i = 0; status == DF_OK && i < w.n; i++) {
    w.walk[i].gait = i % gaits;
    w.walk[i].event = (uint64_t)i;
  }
  if (status == DF_OK) status = df_expert_run(expert, w.n, w.walk, cfg->threads);
  if (status == DF_OK) status = judge(task, &w, score, all, without);
  walks_clear(&w);
  return status;
}

/* ---- demonstrations ---- */

static df_status make_dataset(const expert_task* task, int episodes, int length, df_dataset** out) {
  static const char* const commands[] = {"command.vx", "command.vy", "command.wz"};
  const df_names* gaits = &task->config.expert_gaits;
  const df_dataset_shape shape = {.episodes = episodes,
                                  .length = length,
                                  .nx = task->system->nx,
                                  .nu = task->system->nu,
                                  .nc = gaits->n + 3,
                                  .condition_per_frame = true,
                                  .dt = task->system->dt};
  DF_TRY(df_dataset_new(&shape, out));
  char name[DF_NAME_MAX + 8];
  for (int i = 0; i < gaits->n + 3; i++) {
    snprintf(name, sizeof name, "gait.%s", i < gaits->n ? gaits->v[i] : "");
    DF_TRY(df_dataset_name_condition(*out, i, i < gaits->n ? name : commands[i - gaits->n]));
  }
  return DF_OK;
}

/* copies a walk to an episode */
static void keep(const expert_task* task, const df_expert_walk* walk, df_dataset* data, int episode) {
  const size_t length = (size_t)walk->length, nx = (size_t)data->nx, nu = (size_t)data->nu, nc = (size_t)data->nc;
  const size_t at = (size_t)episode, gaits = (size_t)task->config.expert_gaits.n;
  memcpy(data->states + at * (length + 1) * nx, walk->x, (length + 1) * nx * sizeof(double));
  memcpy(data->actions + at * length * nu, walk->u, length * nu * sizeof(double));
  for (size_t t = 0; t <= length; t++) {
    double* c = data->conditions + (at * (length + 1) + t) * nc;
    /* the last frame has no action; it has the condition of the one before */
    const df_walk_order* order = &walk->order[t < length ? t : length - 1];
    c[order->gait] = 1;
    memcpy(c + gaits, order->command, sizeof order->command);
  }
}

/* the episodes of one gait; events are numbered by gait and attempt */
static df_status collect_gait(const expert_task* task, const df_expert* expert, walks* w, int gait, int wanted,
                              const trials_cfg* cfg, df_attempts* attempts, df_dataset* data) {
  static const int ATTEMPTS = 20;
  int kept = 0;
  for (long next = 0; kept < wanted;) {
    if (next > (long)ATTEMPTS * wanted)
      return df_fail(DF_E_CONFIG, "%s: only %d of %ld walks ended without a fall; train the policy longer",
                     attempts->name, kept, next);
    for (int i = 0; i < w->n; i++) {
      w->walk[i].gait = gait;
      w->walk[i].event = (uint64_t)gait << 32 | (uint64_t)next++;
    }
    DF_TRY(df_expert_run(expert, w->n, w->walk, cfg->threads));
    for (int i = 0; i < w->n && kept < wanted; i++) {
      attempts->tried++;
      attempts->rejected += w->walk[i].fell >= 0;
      if (w->walk[i].fell < 0) keep(task, &w->walk[i], data, gait * wanted + kept++);
    }
  }
  return DF_OK;
}

df_status expert_collect(const expert_task* task, const df_expert* expert, const trials_cfg* cfg, int episodes,
                         void (*progress)(void* context, int done), void* context, df_generation* report,
                         df_dataset** out) {
  enum { BATCH = 16 };
  const df_names* gaits = &task->config.expert_gaits;
  walks w;
  *out = NULL;
  *report = (df_generation){.n = gaits->n};
  df_status status = walks_make(task, cfg, episodes < BATCH ? episodes : BATCH, &w);
  if (status == DF_OK) status = make_dataset(task, gaits->n * episodes, w.length, out);
  for (int g = 0; g < gaits->n && status == DF_OK; g++) {
    snprintf(report->kind[g].name, sizeof report->kind[g].name, "%s", gaits->v[g]);
    status = collect_gait(task, expert, &w, g, episodes, cfg, &report->kind[g], *out);
    if (progress) progress(context, (g + 1) * episodes);
  }
  walks_clear(&w);
  if (status == DF_OK) return DF_OK;
  df_dataset_free(*out);
  *out = NULL;
  return status;
}
