#include "find_rate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "action_steps.h"
#include "data_check.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/stats/statistics.h"
#include "joints.h"
#include "propose.h"
#include "reachable.h"
#include "usual_rates.h"

/* pairs of frames that are looked at */
enum { MOST_PAIRS = 20000 };
enum { POSITIONS, ROTATIONS, HINGES, SLIDES, PARTS };

/* ---- one part ---- */

/* the part of each dof; -1: left out */
static void find_parts(const model_study* m, const bool* left_out, int* part) {
  for (int i = 0; i < m->n_joints; i++) {
    const df_joint* j = &m->joints[i];
    const int dofs = joint_dofs(j->kind);
    for (int k = 0; k < dofs; k++) {
      const int of = j->kind == DF_JOINT_FREE    ? (k < 3 ? POSITIONS : ROTATIONS)
                     : j->kind == DF_JOINT_SLIDE ? SLIDES
                                                 : HINGES;
      part[j->dof + k] = left_out[j->dof + k] ? -1 : of;
    }
  }
}

typedef struct pairs {
  double *change, *velocity; /* [n][nv] */
  double* smooth;            /* [n][nv] the mean of the cubic through the velocities of four frames */
  size_t n;
} pairs;

static void read_pairs(const df_dataset* d, const model_study* m, double* e, pairs* out) {
  const size_t all = d->first[d->episodes] - (size_t)d->episodes, every = all / MOST_PAIRS + 1, nv = (size_t)m->nv;
  size_t seen = 0;
  for (int episode = 0; episode < d->episodes; episode++) {
    for (int t = 0; t < d->lengths[episode]; t++) {
      if (seen++ % every != 0) continue;
      const double *x = df_dataset_state(d, episode, t), *y = df_dataset_state(d, episode, t + 1);
      m->system->ops->difference(m->system, x, y, e);
      const bool inside = t > 0 && t + 1 < d->lengths[episode];
      const double* before = inside ? df_dataset_state(d, episode, t - 1) : x;
      const double* after = inside ? df_dataset_state(d, episode, t + 2) : y;
      for (size_t i = 0; i < nv; i++) {
        const size_t v = (size_t)m->nq + i;
        out->smooth[out->n * nv + i] = (13 * (x[v] + y[v]) - before[v] - after[v]) / 24;
        out->change[out->n * nv + i] = e[i];
        out->velocity[out->n * nv + i] = 0.5 * (x[v] + y[v]);
      }
      out->n++;
    }
  }
}

/* with these velocities [n][nv]; `scratch` [3][n] */
static velocity_fit fit_part(const pairs* p, const double* velocity, int nv, const int* part, int of, double* scratch) {
  double *speed = scratch, *sorted = scratch + p->n, *unexplained = scratch + 2 * p->n;
  size_t n = 0;
  for (size_t k = 0; k < p->n; k++) {
    speed[k] = 0;
    for (int i = 0; i < nv; i++) {
      const double v = velocity[k * (size_t)nv + (size_t)i];
      if (part[i] == of) speed[k] += v * v;
    }
    sorted[k] = speed[k];
  }
  df_sort((int)p->n, sorted);
  const double least = sorted[p->n / 2];
  for (size_t k = 0; k < p->n; k++) {
    if (!(speed[k] > 0) || speed[k] < least) continue;
    double over = 0;
    for (int i = 0; i < nv; i++) {
      if (part[i] == of) over += velocity[k * (size_t)nv + (size_t)i] * p->change[k * (size_t)nv + (size_t)i];
    }
    sorted[n++] = over / speed[k];
  }
  if (n == 0) return (velocity_fit){0};
  df_sort((int)n, sorted);
  const double duration = sorted[n / 2];
  n = 0;
  for (size_t k = 0; k < p->n; k++) {
    if (!(speed[k] > 0) || speed[k] < least) continue;
    double errors = 0, changes = 0;
    for (int i = 0; i < nv; i++) {
      const double v = velocity[k * (size_t)nv + (size_t)i], change = p->change[k * (size_t)nv + (size_t)i];
      if (part[i] != of) continue;
      errors += (change - duration * v) * (change - duration * v);
      changes += change * change;
    }
    unexplained[n++] = changes > 0 ? sqrt(errors / changes) : 1;
  }
  df_sort((int)n, unexplained);
  return (velocity_fit){.duration = duration, .error = unexplained[n / 2]};
}

/* ---- all parts ---- */

/* with a larger error positions do not follow from velocities */
static const double FOLLOWS = 0.5;

/* parts that follow much worse than the best one, as joints that meet the floor, need not agree with it */
static velocity_fit common_fit(const velocity_fit* fit) {
  static const double AGREES = 1.1, WORSE = 2, EXACT = 0.01;
  velocity_fit best = {.error = FOLLOWS};
  double low = INFINITY, high = 0;
  for (int k = 0; k < PARTS; k++) {
    if (fit[k].duration > 0 && fit[k].error < best.error) best = fit[k];
  }
  for (int k = 0; k < PARTS; k++) {
    if (!(fit[k].duration > 0) || fit[k].error > fmin(WORSE * best.error + EXACT, FOLLOWS)) continue;
    low = fmin(low, fit[k].duration);
    high = fmax(high, fit[k].duration);
  }
  if (high > AGREES * low) best.duration = 0;
  best.low = high > 0 ? low : 0;
  best.high = high;
  return best;
}

df_status velocity_fit_of(const df_dataset* data, const model_study* model, const bool* left_out, velocity_fit* out) {
  const size_t nv = (size_t)model->nv;
  *out = (velocity_fit){0};
  int* part = df_alloc(nv, sizeof *part);
  double* e = df_alloc((size_t)model->system->ndx, sizeof *e);
  pairs p = {.change = df_alloc(MOST_PAIRS * nv, sizeof *e),
             .velocity = df_alloc(MOST_PAIRS * nv, sizeof *e),
             .smooth = df_alloc(MOST_PAIRS * nv, sizeof *e)};
  double* scratch = df_alloc(3 * (size_t)MOST_PAIRS, sizeof *scratch);
  const bool enough = part && e && p.change && p.velocity && p.smooth && scratch;
  if (enough) {
    velocity_fit fit[PARTS];
    find_parts(model, left_out, part);
    read_pairs(data, model, e, &p);
    for (int k = 0; k < PARTS; k++) {
      const velocity_fit smooth = fit_part(&p, p.smooth, model->nv, part, k, scratch);
      fit[k] = fit_part(&p, p.velocity, model->nv, part, k, scratch);
      fit[k].doubt = smooth.duration > 0 ? fabs(fit[k].duration / smooth.duration - 1) : 0;
    }
    *out = common_fit(fit);
  }
  df_free(part);
  df_free(e);
  df_free(p.change);
  df_free(p.velocity);
  df_free(p.smooth);
  df_free(scratch);
  return enough ? DF_OK : DF_E_NOMEM;
}

/* ---- plain numbers ---- */

/* motions with contacts are measured to a few hundredths */
static const double CLOSE = 0.02, NEAR = 0.05;

/* with smaller errors velocities give the duration exactly */
static const double EXACT = 0.01;

/* the duration of the usual rate that is nearest to the measured one, to a share `near`, and with `timestep` > 0 a
 * whole number of such steps; 0: none */
static double usual_near(double measured, double near, double timestep) {
  const double* rates;
  const int n = usual_rates(&rates);
  double usual = 0;
  for (int i = 0; i < n; i++) {
    const double one = 1 / rates[i], error = fabs(one - measured);
    const double whole = timestep > 0 ? fmax(1, round(one / timestep)) * timestep : one;
    if (error > near * measured || !(fabs(whole - one) < 1e-6 * one)) continue;
    if (!(usual > 0 && error >= fabs(usual - measured))) usual = one;
  }
  return usual;
}

double plain_duration(double measured, double timestep) {
  static const double OF_A_STEP = 0.25;
  const double steps = fmax(1, round(measured / timestep)) * timestep, off = fabs(steps - measured);
  const double both = usual_near(measured, NEAR, timestep), close = usual_near(measured, CLOSE, 0);
  if (both > 0) return both;
  if (close > 0 && !(off < fabs(close - measured))) return close;
  if (off <= CLOSE * measured || (off <= NEAR * measured && off <= OF_A_STEP * timestep)) return steps;
  const double usual = usual_near(measured, NEAR, 0);
  return usual > 0 ? usual : measured;
}

char* rate_doubt_text(const velocity_fit* fit, double taken) {
  static const double SAME = 1e-3;
  const double measured = fit->duration, low = 1 / (measured * (1 + NEAR)), high = 1 / (measured * (1 - NEAR));
  const double near = usual_near(measured, NEAR, 0), usual = near > 0 ? near : measured;
  if (fit->error < EXACT && fabs(taken / measured - 1) < SAME) return NULL;
  text more = {0};
  if (usual != measured && fabs(usual / taken - 1) < SAME)
    text_add(&more, ", a usual rate");
  else if (usual != measured)
    text_add(&more, ", not as the usual %g Hz", 1 / usual);
  char* out = format_text(
      "the recording states no frame rate; by its velocities it is between %.3g and %.3g Hz, and it is taken as %.6g "
      "Hz%s; --set data.rate=HZ says otherwise",
      low, high, 1 / taken, text_of(&more));
  text_clear(&more);
  return out;
}

/* ---- the rate of an import ---- */

/* the rate of the settings, else of the files, of clips that differ in it the mean, Hz; 0: unknown */
static double rate_of(const work* w) {
  const setting* given = settings_find(w->found, "data.rate");
  const double rate = given ? strtod(given->value, NULL) : 0;
  return rate > 0 ? rate : df_recording_rate(w->recording);
}

/* the largest system.substeps */
static int most_substeps(void) {
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  int most = 0;
  for (int i = 0; i < n; i++) {
    if (strcmp(keys[i].name, "system.substeps") == 0) most = (int)keys[i].high;
  }
  return most;
}

/* whether a frame has more steps than an action may have */
static df_status check_steps(const work* w) {
  const int most = most_substeps();
  const double step = df_mujoco_timestep(w->own), rate = rate_of(w);
  const setting *given = settings_find(w->found, "data.rate"), *steps = settings_find(w->found, "system.substeps");
  if (rate <= 0 || 1 / rate <= most * step || (steps && steps->given)) return DF_OK;
  return df_fail(DF_E_CONFIG,
                 "%s: %g Hz, %s: a frame takes %.6g s, %.6g steps of the model of %g s, and an action has at most %d: "
                 "correct the rate by --set data.rate=HZ",
                 w->files.path[0], rate, given && given->given ? "given by --set data.rate" : "as the files state",
                 1 / rate, 1 / rate / step, step, most);
}

df_status work_settle_steps(work* w, bool joined) {
  DF_TRY(check_steps(w));
  propose_steps(w->found, df_mujoco_timestep(w->own), rate_of(w), joined);
  return work_make_system(w, w->cfg->model);
}

bool work_has_velocities(const work* w) {
  for (int i = 0; i < df_recording_columns(w->recording); i++) {
    if (df_recording_column_at(w->recording, i)->state >= w->study.nq) return true;
  }
  return false;
}

void work_find_integrated(const work* w, bool* integrated) {
  const model_study* m = &w->study;
  if (strcmp(w->config.data_root_xy, "integrated") != 0) return;
  if (m->free_joint >= 0)
    integrated[m->joints[m->free_joint].dof] = integrated[m->joints[m->free_joint].dof + 1] = true;
  for (int i = 0; i < m->n_joints; i++) {
    if (model_is_path(m, i)) integrated[m->joints[i].dof] = true;
  }
}

static df_status fit_velocities(const work* w, velocity_fit* fit) {
  bool* integrated = df_alloc((size_t)w->study.nv, sizeof *integrated);
  if (!integrated) return DF_E_NOMEM;
  work_find_integrated(w, integrated);
  const df_status status = velocity_fit_of(w->dataset, &w->study, integrated, fit);
  df_free(integrated);
  return status;
}

/* Velocities show a duration, but not which: they change much between two frames, or those of the base and of the
 * joints need different ones. A guess could be wrong, and all that follows from it. */
static df_status fail_imprecise(const work* w, const velocity_fit* fit) {
  if (!(fit->duration > 0))
    return df_fail(
        DF_E_CONFIG,
        "%s: the recording states no frame rate, and its velocities do not agree on one: a frame takes %.2g "
        "to %.2g s by them, and no number of steps of the model in this range is one with which the recorded "
        "actions lead to the states: give the rate by --set data.rate=HZ",
        w->files.path[0], fit->low, fit->high);
  return df_fail(
      DF_E_CONFIG,
      "%s: the recording states no frame rate, and its velocities change too much between two frames to show "
      "how long a frame takes, about %.2g s: give the rate by --set data.rate=HZ",
      w->files.path[0], fit->duration);
}

df_status work_judge_untimed(const work* w) {
  const setting *rate = settings_find(w->found, "data.rate"), *actions = settings_find(w->found, "data.actions_key");
  const setting *step = settings_find(w->found, "system.timestep"), *steps = settings_find(w->found, "system.substeps");
  const bool by_actions = w->dataset ? w->dataset->actions != NULL : actions && actions->value[0];
  if (w->timed || (rate && rate->given) || (step && step->given) || (steps && steps->given) || by_actions) return DF_OK;
  if (w->dataset && work_has_velocities(w)) return DF_OK;
  return df_fail(DF_E_CONFIG, "%s: the recording states no frame rate, and %s: give the rate by --set data.rate=HZ",
                 w->files.path[0],
                 work_has_velocities(w) ? "its velocities are not used" : "without velocities nothing shows it");
}

/* Puts the rate with which the actions lead to the states, of about the durations that velocities say, which servos
 * that settle within a frame make longer; w->timed: there is one. */
static df_status follow_actions(work* w, const velocity_fit* fit) {
  static const double SHORTER = 2.5, AROUND = 1.25; /* that durations may be off by */
  const double step = df_mujoco_timestep(w->own);
  int steps;
  DF_TRY(action_steps_find(w, (int)floor(fit->low / SHORTER / step), (int)ceil(AROUND * fit->high / step), &steps));
  if (steps == 0) return DF_OK;
  w->timed = true;
  settings_put_number_why(w->found, "data.rate", 1 / (steps * step),
                          "the recording states none; with it the recorded actions lead to the recorded states");
  DF_TRY(work_open_recording(w));
  return work_settle_steps(w, false);
}

/* the duration with which the model's own motion shows the one of the fit */
static df_status settled_duration(const work* w, const velocity_fit* fit, double* out) {
  trace m;
  double* h = df_alloc((size_t)w->dataset->episodes, sizeof *h);
  if (!h) return DF_E_NOMEM;
  for (int e = 0; e < w->dataset->episodes; e++) h[e] = w->own->dt;
  df_status status = trace_of(w->dataset, w->own, h, check_quick.frames_max, &m);
  if (status == DF_OK) status = servo_duration(&m, fit->duration, out);
  trace_clear(&m);
  df_free(h);
  return status;
}

/* Corrects the duration that velocities of servos show which settle within a frame; refuses the recording where that is
 * more than a few hundredths. */
static df_status judge_settling(const work* w, velocity_fit* fit) {
  static const double SETTLES = 0.01;
  double settled;
  DF_TRY(settled_duration(w, fit, &settled));
  if (!(settled < (1 - SETTLES) * fit->duration)) return DF_OK;
  if (fit->duration > (1 + NEAR) * settled)
    return df_fail(DF_E_CONFIG,
                   "%s: the recording states no frame rate, and servos of the model that settle within a frame hide it "
                   "from its velocities: it is between %.3g and %.3g Hz, by the model's own motion about %.3g Hz: give "
                   "the rate by --set data.rate=HZ",
                   w->files.path[0], 1 / (fit->duration * (1 + NEAR)), 1 / (settled * (1 - 2 * NEAR)), 1 / settled);
  fit->duration = settled;
  return DF_OK;
}

/* Puts the rate of a recording that states none, by its velocities: before other conventions are looked at, since with
 * a wrong rate others seem to fit. */
df_status work_find_rate(work* w) {
  /* the duration is off by less than twice this, from which plain_duration() finds it */
  static const double DOUBT = 0.03;
  static const double MOST_STEPS = 50, SAME = 1e-6;
  const double step = df_mujoco_timestep(w->own);
  velocity_fit fit;
  DF_TRY(work_settle_steps(w, false));
  w->timed = rate_of(w) > 0;
  if (w->timed) return DF_OK;
  if (!work_has_velocities(w) || strcmp(w->config.data_velocities, "differences") == 0) return work_judge_untimed(w);
  DF_TRY(work_convert(w));
  DF_TRY(fit_velocities(w, &fit));
  const bool disagree = !(fit.duration > 0) && fit.low > (1 + DOUBT) * step && fit.high < MOST_STEPS * step;
  const bool imprecise = disagree || (fit.duration > 0 && fit.doubt > DOUBT);
  if (imprecise || (fit.duration > 0 && fit.error > EXACT)) DF_TRY(follow_actions(w, &fit));
  if (w->timed) return DF_OK;
  if (imprecise) return fail_imprecise(w, &fit);
  if (fit.duration > 0 && fit.error > EXACT) DF_TRY(judge_settling(w, &fit));
  const double duration = plain_duration(fit.duration, step);
  w->timed = fit.duration > 0 && duration < (1 + SAME) * MOST_STEPS * step && MOST_STEPS * duration > step;
  if (!w->timed) {
    text_add(&w->result->notes,
             "the recording states no frame rate, and its velocities do not show it: a frame is taken as one step of "
             "the model, %g s; --set data.rate=HZ says otherwise\n",
             step);
    return DF_OK;
  }
  char* doubt = rate_doubt_text(&fit, duration);
  if (doubt) text_add(&w->result->notes, "%s\n", doubt);
  df_free(doubt);
  if (fabs(duration - step) < SAME * step) return DF_OK;
  settings_put_number_why(w->found, "data.rate", 1 / duration,
                          "the recording states none; by its velocities a frame takes %.4g s", fit.duration);
  DF_TRY(work_open_recording(w));
  return work_settle_steps(w, false);
}

df_status work_velocities_follow(const work* w, bool* follow) {
  static const double ERROR = 0.1, OFF = 0.05;
  velocity_fit fit;
  *follow = false;
  DF_TRY(fit_velocities(w, &fit));
  *follow = fit.duration > 0 && fit.error < ERROR && fabs(fit.duration / w->dataset->dt - 1) < OFF;
  return DF_OK;
}
