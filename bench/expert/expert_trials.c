#include "expert_trials.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/io/npz.h"

void expert_walks_clear(expert_walks* w) {
  df_free(w->walk);
  df_free(w->x);
  df_free(w->u);
  df_free(w->order);
  df_free(w->judged);
  *w = (expert_walks){0};
}

/* the actions of the longest clip of a gait; gait < 0: of all */
static int longest_of(const expert_task* task, int gait) {
  int most = 0;
  for (int i = 0; i < task->clips.n; i++) {
    const df_walk_clip* clip = &task->clips.clip[i];
    if ((gait < 0 || clip->gait == gait) && clip->length > most) most = clip->length;
  }
  return most;
}

/* the k-th clip of a gait that has `length` actions, from the first again after the last; < 0: there is none */
static int clip_at(const expert_task* task, int gait, int length, int k) {
  int n = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0; i < task->clips.n; i++) {
      const df_walk_clip* clip = &task->clips.clip[i];
      if (clip->gait != gait || clip->length < length) continue;
      if (pass == 0) n++;
      if (pass == 1 && k-- == 0) return i;
    }
    if (n == 0) return -1;
    k = k % n;
  }
  return -1;
}

static df_status walks_make(const expert_task* task, const trials_cfg* cfg, int n, expert_walks* w) {
  const df_system* system = task->system;
  const double dt = system->dt, wanted = round(cfg->seconds / dt);
  const double length = expert_imitation(task) ? fmin(wanted, longest_of(task, -1)) : wanted;
  *w = (expert_walks){.n = n, .length = (int)length};
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

/* the mean reward and costs of a walk */
static df_status reward_of(const expert_task* task, const df_expert_walk* made, trials_walk* out) {
  const df_walk* walk = task->walk;
  const size_t nx = (size_t)task->system->nx, nu = (size_t)task->system->nu;
  const double* last = made->x + (size_t)(made->fell + 1) * nx;
  int n = made->fell < 0 ? made->length : made->fell + 1;
  df_sim* sim = NULL;
  const size_t features = (size_t)df_walk_features(walk);
  double *f = df_alloc(features + nu, sizeof *f), *first = f + features, cost[DF_REWARD_TERMS];
  df_status status = f ? df_sim_new(task->system, 0, &sim) : DF_E_NOMEM;
  if (status == DF_OK) df_walk_first_action(walk, made->x, first);
  /* a state at which the simulator diverged has no reward */
  for (size_t i = 0; i < nx && made->fell >= 0 && n > made->fell; i++) n -= !isfinite(last[i]);
  if (n == 0) out->reward = NAN;
  for (int i = 0; i < DF_REWARD_TERMS && n == 0; i++) out->cost[i] = NAN;
  for (int t = 0; t < n && status == DF_OK; t++) {
    /* a command that changes after the action is not that of the action */
    df_walk_order order = made->order[t];
    df_walk_tick(walk, &order);
    const double *u = made->u + (size_t)t * nu, *before = t ? u - nu : first;
    df_walk_look(walk, sim, made->x + (size_t)(t + 1) * nx, f);
    const df_walk_step step = {f, u, before, &order};
    out->reward += df_walk_reward(walk, &step, cost) / n;
    for (int i = 0; i < DF_REWARD_TERMS; i++)
      out->cost[i] += df_walk_get_cfg(walk)->gait[order.gait].weight[i] * cost[i] / n;
  }
  df_sim_free(task->system, sim);
  df_free(f);
  return status;
}

static df_status judge(const expert_task* task, expert_walks* w) {
  static const double SETTLE = 1.5;
  const int first = (int)round(SETTLE / task->system->dt);
  if (!(w->judged = df_alloc((size_t)w->n, sizeof *w->judged))) return DF_E_NOMEM;
  for (int i = 0; i < w->n; i++) {
    DF_TRY(df_walk_judge(task->walk, &w->walk[i], first, &w->judged[i].score));
    DF_TRY(reward_of(task, &w->walk[i], &w->judged[i]));
  }
  return DF_OK;
}

static df_status hash_starts(const expert_task* task, expert_walks* w) {
  enum { ORDER = 5 };
  /* processors differ in the last bits of the states, which are the same start all the same */
  static const double DIGIT = 1e-6;
  const size_t nx = (size_t)task->system->nx, each = nx + ORDER;
  double* all = df_alloc((size_t)w->n * each, sizeof *all);
  if (!all) return DF_E_NOMEM;
  for (size_t i = 0; i < (size_t)w->n; i++) {
    const df_walk_order* order = w->walk[i].order;
    double *x = all + i * each, *told = x + nx;
    memcpy(x, w->walk[i].x, nx * sizeof *x);
    told[0] = order->gait;
    memcpy(told + 1, order->command, sizeof order->command);
    told[4] = order->phase;
    for (size_t k = 0; k < each; k++) x[k] = round(x[k] / DIGIT) + 0.; /* not -0 */
  }
  const df_status status = df_sha256(all, (size_t)w->n * each * sizeof *all, w->starts);
  df_free(all);
  return status;
}

/* gives a walk the k-th clip of its gait */
static df_status follow(const expert_task* task, int k, df_expert_walk* walk) {
  walk->clip = clip_at(task, walk->gait, walk->length, k);
  if (walk->clip >= 0) return DF_OK;
  return df_fail(DF_E_CONFIG, "--seconds: no clip of the gait '%s' is as long as a walk, %.6g s; use shorter walks",
                 task->config.expert_gaits.v[walk->gait], walk->length * task->system->dt);
}

df_status expert_walk(const expert_task* task, const df_expert* expert, const trials_cfg* cfg, expert_walks* out) {
  const int gaits = df_walk_get_cfg(task->walk)->n_gaits;
  DF_TRY(walks_make(task, cfg, cfg->walks, out));
  for (int i = 0; i < out->n; i++) {
    out->walk[i].gait = i % gaits;
    out->walk[i].event = (uint64_t)i;
    if (!expert_imitation(task)) continue;
    DF_TRY(follow(task, i / gaits, &out->walk[i]));
  }
  DF_TRY(df_expert_run(expert, out->n, out->walk, cfg->threads));
  DF_TRY(judge(task, out));
  return hash_starts(task, out);
}

void expert_sum_up(const expert_task* task, const expert_walks* w, trials_score* score, trials_score* all,
                   text* without) {
  const int gaits = df_walk_get_cfg(task->walk)->n_gaits;
  memset(all, 0, sizeof *all);
  memset(score, 0, (size_t)gaits * sizeof *score);
  for (int i = 0; i < w->n; i++) {
    const int gait = w->walk[i].gait;
    const df_walk_score* one = &w->judged[i].score;
    add_score(&score[gait], one);
    add_score(all, one);
    if (!one->fell && isnan(one->velocity_error))
      text_add(without, "%s%d (%s)", without->n ? ", " : "", i, task->config.expert_gaits.v[gait]);
  }
  for (int g = 0; g < gaits; g++) finish(&score[g]);
  finish(all);
}

df_status expert_try(const expert_task* task, const df_expert* expert, const trials_cfg* cfg, trials_score* score,
                     trials_score* all, text* without) {
  expert_walks w;
  const df_status status = expert_walk(task, expert, cfg, &w);
  if (status == DF_OK) expert_sum_up(task, &w, score, all, without);
  expert_walks_clear(&w);
  return status;
}

/* ---- walks as a file ---- */

static char* joined(int n, const char (*names)[DF_NAME_MAX]) {
  text list = {0};
  for (int i = 0; i < n; i++) text_add(&list, "%s%s", i ? "," : "", names[i]);
  char* out = format_text("%s", text_of(&list));
  text_clear(&list);
  return out;
}

df_status expert_walks_write(const char* path, const expert_task* task, const expert_walks* w) {
  enum { COMMAND = 3 };
  const size_t n = (size_t)w->n, length = (size_t)w->length, frames = length + 1;
  const size_t nx = (size_t)task->system->nx, nu = (size_t)task->system->nu;
  double* told = df_alloc(n * (frames * (COMMAND + 2) + length * nu + 1), sizeof *told);
  if (!told) return DF_E_NOMEM;
  double *command = told, *gait = command + n * frames * COMMAND, *phase = gait + n * frames,
         *fell = phase + n * frames;
  double* actions = fell + n;
  for (size_t i = 0; i < n; i++) {
    fell[i] = w->walk[i].fell;
    /* walks are laid out with as many actions as states */
    memcpy(actions + i * length * nu, w->walk[i].u, length * nu * sizeof *actions);
    for (size_t t = 0; t < frames; t++) {
      const df_walk_order* order = &w->walk[i].order[t];
      memcpy(command + (i * frames + t) * COMMAND, order->command, sizeof order->command);
      gait[i * frames + t] = order->gait;
      phase[i * frames + t] = order->phase;
    }
  }
  char* feet = joined(task->config.eval_feet.n, task->config.eval_feet.v);
  char* gaits = joined(task->config.expert_gaits.n, task->config.expert_gaits.v);
  const df_npz_entry entries[] = {{.key = "states", .rank = 3, .shape = {n, frames, nx}, .values = w->x},
                                  {.key = "actions", .rank = 3, .shape = {n, length, nu}, .values = actions},
                                  {.key = "command", .rank = 3, .shape = {n, frames, COMMAND}, .values = command},
                                  {.key = "gait", .rank = 2, .shape = {n, frames}, .values = gait},
                                  {.key = "phase", .rank = 2, .shape = {n, frames}, .values = phase},
                                  {.key = "fell", .rank = 1, .shape = {n}, .values = fell},
                                  {.key = "dt", .rank = 0, .values = &task->system->dt},
                                  {.key = "feet", .kind = DF_NPZ_TEXT, .text = feet},
                                  {.key = "gaits", .kind = DF_NPZ_TEXT, .text = gaits}};
  const df_status status = df_npz_write(path, (int)(sizeof entries / sizeof *entries), entries);
  df_free(feet);
  df_free(gaits);
  df_free(told);
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
static df_status collect_gait(const expert_task* task, const df_expert* expert, expert_walks* w, int gait, int wanted,
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

/* ---- demonstrations along clips ---- */

/* clips of a gait with so many actions */
static int count_clips(const expert_task* task, int gait, int length) {
  int n = 0;
  for (int i = 0; i < task->clips.n; i++) n += task->clips.clip[i].gait == gait && task->clips.clip[i].length >= length;
  return n;
}

int expert_count_collected(const expert_task* task, const trials_cfg* cfg, int episodes) {
  int n = 0;
  if (!expert_imitation(task)) return episodes * task->config.expert_gaits.n;
  const int length = (int)fmin(round(cfg->seconds / task->system->dt), longest_of(task, -1));
  for (int g = 0; g < task->config.expert_gaits.n; g++) {
    const int clips = count_clips(task, g, length);
    n += clips < episodes ? clips : episodes;
  }
  return n;
}

/* walks along at most `episodes` clips per gait */
static df_status follow_clips(const expert_task* task, const df_expert* expert, const trials_cfg* cfg, int episodes,
                              void (*progress)(void* context, int done), void* context, expert_walks* w) {
  DF_TRY(walks_make(task, cfg, task->clips.n, w));
  w->n = 0;
  for (int g = 0; g < task->config.expert_gaits.n; g++) {
    const int clips = count_clips(task, g, w->length), first = w->n;
    for (int k = 0; k < clips && k < episodes; k++) {
      df_expert_walk* walk = &w->walk[w->n];
      walk->gait = g;
      walk->event = (uint64_t)g << 32 | (uint64_t)k;
      DF_TRY(follow(task, k, walk));
      w->n++;
    }
    if (w->n > first) DF_TRY(df_expert_run(expert, w->n - first, w->walk + first, cfg->threads));
    if (progress) progress(context, w->n);
  }
  return DF_OK;
}

/* the conditions of the clip, from its first frame on */
static void copy_conditions(const expert_task* task, const df_expert_walk* walk, df_dataset* data, int episode) {
  const df_dataset* from = task->clips.data;
  const df_window at = task->clips.at[walk->clip];
  const size_t nc = (size_t)from->nc, frames = (size_t)walk->length + 1;
  for (size_t t = 0; t < frames && nc; t++)
    memcpy(data->conditions + ((size_t)episode * frames + t) * nc,
           df_dataset_condition(from, at.episode, at.start + (int)t), nc * sizeof(double));
}

static df_status keep_upright(const expert_task* task, const expert_walks* w, int upright, df_dataset** out) {
  const df_dataset* from = task->clips.data;
  const df_dataset_shape shape = {.episodes = upright,
                                  .length = w->length,
                                  .nx = task->system->nx,
                                  .nu = task->system->nu,
                                  .nc = from->nc,
                                  .condition_per_frame = from->nc > 0,
                                  .dt = task->system->dt};
  DF_TRY(df_dataset_new(&shape, out));
  for (int i = 0; i < from->nc; i++) DF_TRY(df_dataset_name_condition(*out, i, from->condition_name[i]));
  const size_t length = (size_t)w->length, nx = (size_t)shape.nx, nu = (size_t)shape.nu;
  int episode = 0;
  for (int i = 0; i < w->n; i++) {
    const df_expert_walk* walk = &w->walk[i];
    if (walk->fell >= 0) continue;
    memcpy((*out)->states + (size_t)episode * (length + 1) * nx, walk->x, (length + 1) * nx * sizeof(double));
    memcpy((*out)->actions + (size_t)episode * length * nu, walk->u, length * nu * sizeof(double));
    copy_conditions(task, walk, *out, episode++);
  }
  return DF_OK;
}

df_status expert_collect_clips(const expert_task* task, const df_expert* expert, const trials_cfg* cfg, int episodes,
                               void (*progress)(void* context, int done), void* context, df_generation* report,
                               df_dataset** out) {
  const df_names* gaits = &task->config.expert_gaits;
  expert_walks w;
  int upright = 0;
  *out = NULL;
  *report = (df_generation){.n = gaits->n};
  df_status status = follow_clips(task, expert, cfg, episodes, progress, context, &w);
  for (int g = 0; g < gaits->n; g++) snprintf(report->kind[g].name, sizeof report->kind[g].name, "%s", gaits->v[g]);
  for (int i = 0; i < w.n && status == DF_OK; i++) {
    report->kind[w.walk[i].gait].tried++;
    report->kind[w.walk[i].gait].rejected += w.walk[i].fell >= 0;
    upright += w.walk[i].fell < 0;
  }
  for (int g = 0; g < gaits->n && status == DF_OK; g++) {
    if (report->kind[g].tried == 0)
      status = df_fail(DF_E_CONFIG,
                       "--seconds: no clip of the gait '%s' is as long as a walk, %.6g s; its longest has %.6g s: set "
                       "--seconds to at most this, or collect it alone (expert.gaits)",
                       gaits->v[g], w.length * task->system->dt, longest_of(task, g) * task->system->dt);
    else if (report->kind[g].tried == report->kind[g].rejected)
      status = df_fail(DF_E_CONFIG, "%s: none of %ld clips is followed to its end; train the policy longer",
                       gaits->v[g], (long)report->kind[g].tried);
  }
  if (status == DF_OK) status = keep_upright(task, &w, upright, out);
  expert_walks_clear(&w);
  if (status == DF_OK) return DF_OK;
  df_dataset_free(*out);
  *out = NULL;
  return status;
}

df_status expert_collect(const expert_task* task, const df_expert* expert, const trials_cfg* cfg, int episodes,
                         void (*progress)(void* context, int done), void* context, df_generation* report,
                         df_dataset** out) {
  enum { BATCH = 16 };
  if (expert_imitation(task)) return expert_collect_clips(task, expert, cfg, episodes, progress, context, report, out);
  const df_names* gaits = &task->config.expert_gaits;
  expert_walks w;
  *out = NULL;
  *report = (df_generation){.n = gaits->n};
  df_status status = walks_make(task, cfg, episodes < BATCH ? episodes : BATCH, &w);
  if (status == DF_OK) status = make_dataset(task, gaits->n * episodes, w.length, out);
  for (int g = 0; g < gaits->n && status == DF_OK; g++) {
    snprintf(report->kind[g].name, sizeof report->kind[g].name, "%s", gaits->v[g]);
    status = collect_gait(task, expert, &w, g, episodes, cfg, &report->kind[g], *out);
    if (progress) progress(context, (g + 1) * episodes);
  }
  expert_walks_clear(&w);
  if (status == DF_OK) return DF_OK;
  df_dataset_free(*out);
  *out = NULL;
  return status;
}
