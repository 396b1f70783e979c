#include "propose.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/dynamics.h"
#include "dynaflow/stats/statistics.h"
#include "foot_twins.h"
#include "joints.h"

/* frames of the demonstrations that are posed to find feet and heights */
enum { POSED_FRAMES = 400 };

/* ---- time ---- */

/* The shortest action of a recording without actions, s: between shorter ones a robot hardly moves, and a window of
 * many would be needed. */
static const double SHORTEST_ACTION = 0.008, LONGER_ACTION = 0.02;

action_steps steps_of_action(double duration, double timestep) {
  const double whole = round(duration / timestep);
  if (whole >= 1 && fabs(whole * timestep - duration) < 1e-6 * duration) return (action_steps){timestep, (int)whole};
  const double substeps = fmax(1, ceil(duration / timestep - 1e-9));
  return (action_steps){duration / substeps, (int)substeps};
}

void propose_steps(settings* found, double timestep, double rate, bool states_only) {
  if (rate <= 0 && (!states_only || timestep >= SHORTEST_ACTION)) {
    settings_put_number_why(found, "system.timestep", timestep,
                            "the model's own; the recording states no rate (data.rate)");
    settings_put_number_why(found, "system.substeps", 1, "one action per frame");
    return;
  }
  const double frame = rate > 0 ? 1 / rate : timestep;
  const double frames = states_only && frame < SHORTEST_ACTION ? floor(LONGER_ACTION / frame + 1e-9) : 1;
  if (frames > 1)
    settings_put_number_why(found, "data.rate", 1 / frame,
                            rate > 0 ? "as the files state" : "of the model's step; the recording states no rate");
  const double action = frames * frame;
  const action_steps steps = steps_of_action(action, timestep);
  settings_put_number_why(
      found, "system.timestep", steps.timestep,
      steps.timestep == timestep ? "the model's own" : "the model's own is %g s; this one divides an action", timestep);
  settings_put_number_why(found, "system.substeps", steps.substeps, "one action is %g frame%s, %.4g ms", frames,
                          frames == 1 ? "" : "s", 1000 * action);
}

/* ---- action box ---- */

typedef struct range {
  double lo, hi;
} range;

static void widen(range* r, double v) {
  r->lo = fmin(r->lo, v);
  r->hi = fmax(r->hi, v);
}

static range recorded_actions(const df_dataset* d, int k) {
  range r = {INFINITY, -INFINITY};
  for (int e = 0; e < d->episodes; e++) {
    for (int t = 0; t < d->lengths[e]; t++) widen(&r, df_dataset_action(d, e, t)[k]);
  }
  return r;
}

static range recorded_coordinate(const df_dataset* d, int i) {
  range r = {INFINITY, -INFINITY};
  for (int e = 0; e < d->episodes; e++) {
    for (int t = 0; t <= d->lengths[e]; t++) widen(&r, df_dataset_state(d, e, t)[i]);
  }
  return r;
}

/* the part of `r`, wider by `margin` on both sides, that is within the control range */
static range within(range r, double margin, const df_system* system, int k) {
  return (range){fmax(r.lo - margin, system->u_lo[k]), fmin(r.hi + margin, system->u_hi[k])};
}

/* the network reaches the ends of its range only with infinite outputs, so the range is wider than the data by this */
static const double SPARE = 0.1;
/* a range that covers as much of the control range is taken to be all of it */
static const double NEARLY_ALL = 0.8;
/* the farthest that a servo's target is from its joint, m or rad: farther a soft servo would need other data */
static const double FARTHEST = 0.5;

static range of_servo(const proposal* p, const df_actuator* a, int k) {
  range q = recorded_coordinate(p->data, p->model->joints[a->joint].qpos);
  const double most = fmax(FARTHEST, q.hi - q.lo);
  const double margin = fabs(a->gear) * fmin(a->force / a->stiffness, most);
  q = (range){fmin(a->gear * q.lo, a->gear * q.hi), fmax(a->gear * q.lo, a->gear * q.hi)};
  return within(q, margin, p->model->system, k);
}

/* Half of a range around a recorded action that never changes, for an actuator without limits: the median of those that
 * change, of all actuators; 1 without any. */
static df_status half_of_others(const proposal* p, double* half) {
  int n = 0;
  double* list = df_alloc((size_t)p->model->nu, sizeof *list);
  if (!list) return DF_E_NOMEM;
  for (int k = 0; k < p->model->nu; k++) {
    const range seen = recorded_actions(p->data, k);
    if (seen.hi > seen.lo) list[n++] = (0.5 + SPARE) * (seen.hi - seen.lo);
  }
  *half = n > 0 ? df_median(n, list) : 1;
  df_free(list);
  return DF_OK;
}

static bool is_limited(const df_system* system, int k) {
  return isfinite(system->u_lo[k]) && isfinite(system->u_hi[k]);
}

/* whether two actuators move joints of one kind in the same way, as servos or by forces */
static bool is_alike(const proposal* p, int k, int other) {
  const df_actuator a = df_mujoco_actuator_at(p->model->system, k), b = df_mujoco_actuator_at(p->model->system, other);
  if ((a.joint < 0) != (b.joint < 0) || (a.stiffness > 0) != (b.stiffness > 0)) return false;
  return a.joint < 0 || p->model->joints[a.joint].kind == p->model->joints[b.joint].kind;
}

/* The share of their control ranges that the recorded actions of actuators take, the median over those like k whose
 * actions change, or over all; 0: none change. */
static double usual_share(const proposal* p, int k) {
  const df_system* system = p->model->system;
  double* share = df_alloc((size_t)p->model->nu, sizeof *share);
  double median = 0;
  for (int alike = 1; alike >= 0 && share && median == 0; alike--) {
    int n = 0;
    for (int i = 0; i < p->model->nu; i++) {
      const range seen = recorded_actions(p->data, i);
      if (!is_limited(system, i) || !(seen.hi > seen.lo) || (alike && !is_alike(p, k, i))) continue;
      share[n++] = fmin(1, (seen.hi - seen.lo) / (system->u_hi[i] - system->u_lo[i]));
    }
    if (n > 0) median = df_median(n, share);
  }
  df_free(share);
  return median;
}

/* Actions that never change say nothing of how far they may go. */
static range of_constant(const proposal* p, int k, double value) {
  /* of the control range, where the actions of no actuator change */
  static const double LEAST = 0.1;
  const df_system* system = p->model->system;
  if (!is_limited(system, k)) return (range){value, value};
  const double usual = usual_share(p, k), share = usual > 0 ? usual : LEAST;
  return within((range){value, value}, (0.5 + SPARE) * share * (system->u_hi[k] - system->u_lo[k]), system, k);
}

bool propose_action(const proposal* p, int k, double* lo, double* hi, const char** why) {
  const df_system* system = p->model->system;
  const df_actuator a = df_mujoco_actuator_at(system, k);
  const bool limited = is_limited(system, k);
  range r = {system->u_lo[k], system->u_hi[k]};
  *why = "the control ranges of the model";
  if (p->data->actions) {
    const range seen = recorded_actions(p->data, k);
    const bool constant = !(seen.hi > seen.lo);
    r = constant ? of_constant(p, k, seen.lo) : within(seen, SPARE * (seen.hi - seen.lo), system, k);
    *why = "the recorded actions and a tenth of their width more on each side, within the control ranges";
    if (constant) *why = "the recorded actions never change: the usual share of the control ranges around them";
    if (constant && !limited) {
      double half;
      if (half_of_others(p, &half) != DF_OK) return false;
      r = within(seen, half, system, k);
      *why =
          "the recorded actions and a tenth of their width more on each side; around those that never change, as wide "
          "as the median of the others";
    }
  } else if (a.joint >= 0 && a.stiffness > 0) {
    r = of_servo(p, &a, k);
    *why = "targets of servos: the recorded positions, and as far around them as the servo's force reaches";
  } else if (!limited && a.joint >= 0 && a.gain != 0 && isfinite(a.force)) {
    r = (range){-a.force / fabs(a.gain), a.force / fabs(a.gain)};
    *why = "the largest forces of the actuators";
  }
  const double all = system->u_hi[k] - system->u_lo[k];
  if (limited && (r.hi - r.lo > NEARLY_ALL * all || !(r.hi > r.lo))) r = (range){system->u_lo[k], system->u_hi[k]};
  *lo = r.lo;
  *hi = r.hi;
  return isfinite(r.lo) && isfinite(r.hi) && r.hi > r.lo;
}

/* Numbers of at most four digits, so that the file is readable; what repeats itself is written once, as the settings
 * admit. */
static void add_short(text* out, int n, const double* v) {
  int period = 1;
  for (; period < n; period++) {
    bool repeats = n % period == 0;
    for (int i = period; i < n && repeats; i++) repeats = fabs(v[i] - v[i - period]) < 1e-9;
    if (repeats) break;
  }
  for (int i = 0; i < period; i++) text_add(out, "%s%.4g", i ? "," : "", fabs(v[i]) < 1e-9 ? 0 : v[i]);
}

static df_status fail_unbounded(const proposal* p, int k) {
  return df_fail(DF_E_CONFIG,
                 "actuator %d '%s' has neither a ctrlrange nor a forcerange, and %s: --set action.center=... --set "
                 "action.half_range=... say what the actions are",
                 k, df_mujoco_actuator_at(p->model->system, k).name,
                 p->data->actions ? "its recorded actions span no finite range" : "no recorded actions are used");
}

/* whether the actions of an actuator are recorded, and never change */
static bool is_constant(const proposal* p, int k) {
  if (!p->data->actions) return false;
  const range seen = recorded_actions(p->data, k);
  return !(seen.hi > seen.lo);
}

/* the name or the number of actuator k, which is item n of a list */
static void add_actuator(const proposal* p, int k, int n, text* out) {
  const char* name = df_mujoco_actuator_at(p->model->system, k).name;
  if (name[0])
    text_add(out, "%s%s", n ? ", " : "", name);
  else
    text_add(out, "%sactuator %d", n ? ", " : "", k);
}

/* a model of more actuators than a list holds keeps its control ranges */
static df_status propose_box(const proposal* p) {
  double center[DF_LIST_MAX] = {0}, half[DF_LIST_MAX] = {0};
  const char* why = "";
  if (settings_find(p->found, "action.half_range")) return DF_OK;
  if (p->model->nu > DF_LIST_MAX) {
    text_add(p->notes,
             "the model has %d actuators and a setting at most %d numbers: action.center and action.half_range are not "
             "proposed, and the actions have the control ranges of the model\n",
             p->model->nu, DF_LIST_MAX);
    return DF_OK;
  }
  text constant = {0};
  int still = 0;
  for (int k = 0; k < p->model->nu; k++) {
    double lo, hi;
    const char* own;
    if (!propose_action(p, k, &lo, &hi, &own)) {
      text_clear(&constant);
      return fail_unbounded(p, k);
    }
    center[k] = 0.5 * (lo + hi);
    half[k] = 0.5 * (hi - lo);
    if (!is_constant(p, k)) {
      why = own;
      continue;
    }
    add_actuator(p, k, still++, &constant);
  }
  text centers = {0}, halves = {0};
  add_short(&centers, p->model->nu, center);
  add_short(&halves, p->model->nu, half);
  const char* around =
      "the recorded actions never change, and have around them the share of the control range that those "
      "of the others take, a tenth without others";
  if (still)
    settings_put_why(p->found, "action.center", text_of(&centers), "%s%s%s: %s", why, why[0] ? "; " : "",
                     text_of(&constant), around);
  else
    settings_put_why(p->found, "action.center", text_of(&centers), "%s", why);
  settings_put(p->found, "action.half_range", text_of(&halves));
  text_clear(&constant);
  text_clear(&centers);
  text_clear(&halves);
  return DF_OK;
}

/* ---- windows and split ---- */

/* seconds of a window, and its fewest and most actions, where nothing else limits it */
static const double WINDOW = 0.3;
enum { FEWEST_ACTIONS = 4, MOST_ACTIONS = 32 };

static int shortest(const df_dataset* d) {
  int n = d->lengths[0];
  for (int e = 1; e < d->episodes; e++) n = d->lengths[e] < n ? d->lengths[e] : n;
  return n;
}

static int clamp(int v, int lo, int hi) {
  return v < lo ? lo : v > hi ? hi : v;
}

/* A clip is cut in blocks, of which each has to hold a window. */
enum { BLOCKS = 5 };

static void propose_windows(const proposal* p) {
  const df_dataset* d = p->data;
  const int wanted = clamp((int)lround(WINDOW / d->dt), FEWEST_ACTIONS, MOST_ACTIONS);
  const int room = d->episodes > 1 ? shortest(d) / 2 : d->length / (BLOCKS + 1);
  const int horizon = clamp(wanted, 1, room > 1 ? room : 1);
  settings_put_number_why(p->found, "window.horizon", horizon, "%.3g s", horizon * d->dt);
}

/* size [nc + 1] = the episodes of each group, of which the split takes every n-th by itself */
static void count_groups(const df_dataset* d, int* size) {
  for (int g = 0; g <= d->nc; g++) size[g] = 0;
  for (int e = 0; e < d->episodes; e++) size[df_dataset_group(d, e)]++;
}

/* a group has to hold so many episodes that one of them is held out */
static int smallest_group(const df_dataset* d, const int* size) {
  int least = d->episodes;
  for (int g = 0; g <= d->nc; g++) least = size[g] > 0 && size[g] < least ? size[g] : least;
  return least;
}

/* the episodes that the split holds out if it takes every n-th */
static int held_out(const df_dataset* d, const int* size, int every) {
  int n = 0;
  for (int g = 0; g <= d->nc; g++) n += size[g] / every;
  return n;
}

/* every n-th episode is held out, at least one; of a single clip blocks of time */
static df_status propose_split(const proposal* p) {
  enum { SEVERAL = 10, MANY = 50 };
  const int n = p->data->episodes;
  if (n == 1) {
    settings_put_why(p->found, "split.by", "time", "a single clip: blocks of time are held out");
    settings_put_number(p->found, "split.test_every", BLOCKS);
    settings_put_number_why(p->found, "split.gap", atoi(settings_find(p->found, "window.horizon")->value) / 2,
                            "frames beside a held-out block that are not used");
    return DF_OK;
  }
  int* size = df_alloc((size_t)p->data->nc + 1, sizeof *size);
  if (!size) return DF_E_NOMEM;
  count_groups(p->data, size);
  const int smallest = smallest_group(p->data, size);
  const int every = clamp(n >= MANY ? 10 : n >= SEVERAL ? 5 : n, 2, smallest > 2 ? smallest : 2);
  settings_put_number_why(p->found, "split.test_every", every, "%d of %d episodes", held_out(p->data, size, every), n);
  df_free(size);
  return DF_OK;
}

static void propose_objects(const proposal* p) {
  text names = {0};
  for (int i = 0; i < p->model->n_joints; i++) {
    if (!model_is_object(p->model, i)) continue;
    const char* name = p->model->joints[i].name;
    if (name[0])
      text_add(&names, "%s%s", names.n ? "," : "", name);
    else
      text_add(p->notes,
               "free joint %d belongs to an object and has no name, so that it is not in chart.objects: name "
               "it in the model\n",
               i);
  }
  if (names.n)
    settings_put_why(p->found, "chart.objects", text_of(&names), "free joints of bodies on which no actuator acts");
  text_clear(&names);
}

static void propose_chart(const proposal* p) {
  text names = {0};
  propose_objects(p);
  for (int i = 0; i < p->model->n_joints; i++) {
    if (model_is_path(p->model, i)) text_add(&names, "%s%s", names.n ? "," : "", p->model->joints[i].name);
  }
  if (names.n)
    settings_put_why(p->found, "chart.relative", text_of(&names), "where the root is along the floor does not matter");
  text_clear(&names);
}

/* ---- network and training ---- */

static void propose_network(const proposal* p) {
  static const struct {
    size_t frames;
    int width, depth;
  } sizes[] = {{1000, 48, 2}, {20000, 64, 3}, {200000, 96, 3}, {SIZE_MAX, 128, 4}};
  const size_t frames = p->data->first[p->data->episodes];
  size_t i = 0;
  while (frames > sizes[i].frames) i++;
  settings_put(p->found, "net.kind", "dit");
  settings_put_number_why(p->found, "net.width", sizes[i].width, "for %zu frames of data", frames);
  settings_put_number(p->found, "net.depth", sizes[i].depth);
}

/* as of the profile full */
enum { BATCH = 64, FULL_STEPS = 1500 };

smoke_size smoke_training(int nv, int substeps, int horizon, double work) {
  /* the cost of a training step: physics steps per sample, each by the dofs, whose contacts and matrices grow with them
   */
  static const double MINUTE = 2.5e6;
  /* the exact adjoint of a step takes about as long as the step */
  static const double EXACT = 2;
  enum { FEWEST = 60, MOST = 800, LEAST_BATCH = 8, LEAST_STEPS = 20, LEAST_HORIZON = 2 };
  const double cost = (double)horizon * substeps * (40.0 + nv * nv), steps = MINUTE / cost;
  smoke_size out = {clamp((int)(steps * 10) / 10, FEWEST, MOST) / 10 * 10, BATCH, horizon};
  if (!(work > EXACT)) return out;

  const double windows = BATCH * steps * EXACT / work;
  while (out.batch > LEAST_BATCH && windows / out.batch < FEWEST) out.batch /= 2;
  const double left = windows / out.batch;
  out.steps = clamp((int)left, LEAST_STEPS, MOST) / 10 * 10;
  if (left < LEAST_STEPS) out.horizon = clamp((int)(horizon * left / LEAST_STEPS), LEAST_HORIZON, horizon);
  return out;
}

df_status gradient_work(const proposal* p, double* work) {
  enum { ACTIONS = 8 };
  const df_system* system = p->model->system;
  const df_dataset* d = p->data;
  const size_t rows = d->first[d->episodes], nx = (size_t)d->nx, ndx = (size_t)system->ndx, nu = (size_t)system->nu;
  double* memory = df_alloc(nx + 2 * ndx + 2 * nu, sizeof *memory);
  df_sim* sim = NULL;
  df_effort sum = {0};
  *work = 1;
  if (!memory) return DF_E_NOMEM;
  double *next = memory, *y = next + nx, *xbar = y + ndx, *u = xbar + ndx, *ubar = u + nu;
  for (size_t i = 0; i < ndx; i++) y[i] = 1;
  const df_status status = df_sim_new(system, 1, &sim);
  for (size_t i = 0; i < ACTIONS && status == DF_OK; i++) {
    const double* x = d->states + (rows - 1) * i / ACTIONS * nx;
    df_system_rest_action(system, x, u);
    system->ops->reset(sim, x);
    if (system->ops->step(sim, u, next) == DF_TRAJ_COMPLETE) (void)system->ops->step_vjp(sim, 0, y, xbar, ubar);
  }
  if (status == DF_OK && system->ops->add_effort) {
    system->ops->add_effort(sim, &sum);
    *work = (double)sum.physics_steps / (ACTIONS * (double)df_mujoco_substeps(system));
  }
  df_sim_free(system, sim);
  df_free(memory);
  return status;
}

static void propose_training(const proposal* p) {
  settings_put_number(p->found, "train.steps", FULL_STEPS);
  settings_put_number(p->found, "train.batch", BATCH);
  settings_put_number(p->found, "train.rate", 0.003);
  settings_put_number(p->found, "train.clip", 1);
  if (!p->data->actions) return;
  settings_put_number_why(p->found, "inverse.steps", 2000,
                          "of the inverse-dynamics network, which learns from actions");
}

/* ---- evaluation ---- */

double fall_height(double lowest, double coordinate, double own) {
  static const double SHARE = 0.4, LEAST = 0.05, OF_OWN = 0.2;
  const double least = own > 0 ? fmin(LEAST, OF_OWN * own) : LEAST;
  /* a base that lies on the floor in the data cannot fall by height */
  return lowest > least ? coordinate - SHARE * lowest : 0;
}

double fall_tilt(double steepest) {
  static const double MARGIN = 30, LEAST = 60, MOST = 120;
  const double tilt = 5 * ceil((steepest + MARGIN) / 5);
  return tilt > MOST ? 0 : fmax(LEAST, tilt);
}

typedef struct posture {
  long frames;
  long* touched; /* [geoms] frames in which the geom touched what cannot move */
  double lowest; /* of the heights of the base above the ground below it */
  double slide;  /* the lowest position of the slide that gives its height; unused with a free base */
  double steepest;
  double own;  /* height of the base above the ground in the model's own first pose */
  bool ground; /* whether anything is below the base where it is lowest; false: heights are those above z = 0 */
} posture;

/* the angle between the z axes of body and world, degrees */
static double lean_of(const model_study* m, const double* x) {
  if (m->free_joint >= 0) {
    const double* q = x + m->joints[m->free_joint].qpos + 3;
    return acos(fmax(-1, fmin(1, 1 - 2 * (q[1] * q[1] + q[2] * q[2])))) * 180 / JOINTS_PI;
  }
  return m->tilt >= 0 ? fabs(x[m->joints[m->tilt].qpos]) * 180 / JOINTS_PI : 0;
}

/* the height of the base above the ground below it in the pose x, or above z = 0 if nothing is below it */
static double height_above(const model_study* m, df_sim* sim, const double* x, bool* ground) {
  double* position = df_alloc(3 * (size_t)df_mujoco_body_count(m->system), sizeof *position);
  *ground = false;
  df_mujoco_pose(sim, x);
  if (!position || (m->free_joint < 0 && m->root_body < 0)) {
    df_free(position);
    return NAN;
  }
  df_mujoco_body_positions(sim, position);
  const double* at = m->free_joint >= 0 ? x + m->joints[m->free_joint].qpos : position + 3 * m->root_body;
  const double below = df_mujoco_ground_below(sim, at);
  *ground = isfinite(below);
  const double height = at[2] - (*ground ? below : 0);
  df_free(position);
  return height;
}

static void look(const proposal* p, df_sim* sim, const double* x, uint8_t* touch, posture* out) {
  const model_study* m = p->model;
  bool ground;
  const double height = height_above(m, sim, x, &ground);
  if ((m->free_joint >= 0 || m->height >= 0) && height < out->lowest) {
    out->lowest = height;
    out->ground = ground;
  }
  if (m->height >= 0) out->slide = fmin(out->slide, x[m->joints[m->height].qpos]);
  out->steepest = fmax(out->steepest, lean_of(m, x));
  df_mujoco_touching_world(sim, touch);
  for (int g = 0; g < df_mujoco_geom_count(m->system); g++) out->touched[g] += touch[g];
  out->frames++;
}

/* poses frames spread evenly over all episodes; the caller frees out->touched */
static df_status study_posture(const proposal* p, posture* out) {
  const df_system* system = p->model->system;
  const size_t geoms = (size_t)df_mujoco_geom_count(system), rows = p->data->first[p->data->episodes];
  const size_t every = rows / POSED_FRAMES + 1;
  df_sim* sim = NULL;
  uint8_t* touch = df_alloc(geoms, 1);
  double* first = df_alloc((size_t)p->data->nx, sizeof *first);
  *out = (posture){.touched = df_alloc(geoms, sizeof *out->touched), .lowest = INFINITY, .slide = INFINITY};
  df_status status = touch && first && out->touched ? df_sim_new(system, 0, &sim) : DF_E_NOMEM;
  if (status == DF_OK) {
    df_mujoco_initial_state(system, first);
    bool ground;
    out->own = height_above(p->model, sim, first, &ground);
  }
  for (size_t row = 0; row < rows && status == DF_OK; row += every) {
    look(p, sim, p->data->states + row * (size_t)p->data->nx, touch, out);
  }
  df_sim_free(system, sim);
  df_free(touch);
  df_free(first);
  return status;
}

/* geoms that touch in at least this share of the frames are feet, and so are their twins on other legs */
static const double FOOT_SHARE = 0.05;

/* feet [geoms]; the caller frees it */
static df_status find_feet(const proposal* p, const posture* seen, foot** feet) {
  const int geoms = df_mujoco_geom_count(p->model->system);
  *feet = df_alloc((size_t)geoms, sizeof **feet);
  if (!*feet) return DF_E_NOMEM;
  for (int g = 0; g < geoms; g++) {
    (*feet)[g].is_foot = (double)seen->touched[g] >= FOOT_SHARE * (double)seen->frames &&
                         !model_is_of_object(p->model, df_mujoco_geom_body(p->model->system, g));
  }
  return foot_twins_add(p->model, p->data, *feet);
}

/* names of feet, as eval.feet lists them */
typedef struct foot_names {
  text all, added; /* the latter with the share of the frames in which they touch */
  int n, unnamed, by_body;
} foot_names;

static void name_foot(const proposal* p, int g, const foot* one, foot_names* names) {
  char label[DF_NAME_MAX];
  names->by_body += !df_mujoco_geom_name(p->model->system, g)[0];
  if (!df_mujoco_geom_label(p->model->system, g, label, sizeof label) || strchr(label, ',')) {
    names->unnamed++;
    return;
  }
  if (names->n++ >= DF_NAMES_MAX) return;
  text_add(&names->all, "%s%s", names->all.n ? "," : "", label);
  if (one->is_added) text_add(&names->added, "%s%s (%.2g %%)", names->added.n ? ", " : "", label, 100 * one->touches);
}

/* says of legs that are held up why they have no foot */
static void note_lifted_feet(const proposal* p, const foot* feet) {
  for (int g = 0; g < df_mujoco_geom_count(p->model->system); g++) {
    char label[DF_NAME_MAX];
    if (!feet[g].left_out || !df_mujoco_geom_label(p->model->system, g, label, sizeof label)) continue;
    text_add(p->notes,
             "eval.feet: %s is left out: unlike the same geom of other legs, it touches nothing that cannot move in "
             "%ld frames, and does not come as low\n",
             label, feet[g].frames);
  }
}

static void put_feet(const proposal* p, const foot* feet) {
  foot_names names = {0};
  for (int g = 0; g < df_mujoco_geom_count(p->model->system); g++) {
    if (feet[g].is_foot) name_foot(p, g, &feet[g], &names);
  }
  const int labelled = names.by_body - names.unnamed;
  if (names.all.n) {
    settings_put_why(
        p->found, "eval.feet", text_of(&names.all), "they touch what cannot move in 5 %% of the frames or more%s%s%s",
        names.added.n ? ", or are the same geom of another leg and touch it more rarely or come as low: " : "",
        names.added.n ? text_of(&names.added) : "",
        labelled > 0 ? "; BODY:I is geom I of a body, from 0, of those that can touch" : "");
  }
  if (labelled > 0)
    text_add(
        p->notes,
        "eval.feet: %d of these geoms have no name in the model, so that they are named by body and number, BODY:I: "
        "%s\n",
        labelled, text_of(&names.all));
  if (names.unnamed) {
    text_add(p->notes,
             names.unnamed == 1
                 ? "%d geom touches the floor, but neither it nor its body has a usable name; name it in the "
                   "model to list it in eval.feet\n"
                 : "%d geoms touch the floor, but neither they nor their bodies have usable names; name them "
                   "in the model to list them in eval.feet\n",
             names.unnamed);
  }
  text_clear(&names.all);
  text_clear(&names.added);
}

static df_status propose_feet(const proposal* p, const posture* seen) {
  foot* feet;
  const df_status status = find_feet(p, seen, &feet);
  if (status == DF_OK) {
    put_feet(p, feet);
    note_lifted_feet(p, feet);
  }
  df_free(feet);
  return status;
}

/* whether a geom of the robot ever touches what cannot move */
static bool touches_world(const proposal* p, const posture* seen) {
  for (int g = 0; g < df_mujoco_geom_count(p->model->system); g++) {
    if (seen->touched[g] > 0 && !model_is_of_object(p->model, df_mujoco_geom_body(p->model->system, g))) return true;
  }
  return false;
}

/* kg/m^3: a robot that touches nothing swims in a medium at least this dense */
static const double WATER = 100;

/* Why the robot has no fall rule, in words; NULL: it has one. */
static const char* no_fall(const proposal* p, bool touches) {
  const char* why = model_cannot_fall(p->model);
  if (why || touches) return why;
  return df_mujoco_density(p->model->system) >= WATER
             ? "it swims: the medium is as dense as water, and it touches nothing"
             : NULL;
}

/* says in the task file and in a note why there is no fall rule, unless the user gave one */
static void put_no_fall(const proposal* p, const char* why) {
  const setting *height = settings_find(p->found, "eval.fall_height"),
                *tilt = settings_find(p->found, "eval.fall_tilt");
  if ((height && height->given) || (tilt && tilt->given)) return;
  settings_put_why(p->found, "eval.fall_height", "0", "no fall rule: %s", why);
  text_add(p->notes, "no fall rule (eval.fall_height, eval.fall_tilt): %s\n", why);
}

static void propose_fall(const proposal* p, const posture* seen) {
  const model_study* m = p->model;
  const bool floats = m->free_joint < 0;
  const double lowest = floats ? seen->slide : seen->lowest;
  const double height = isfinite(seen->lowest) ? fall_height(seen->lowest, lowest, seen->own) : 0;
  const double digits = fabs(height) < 0.1 ? 1000 : 100;
  const double tilt = fall_tilt(seen->steepest);
  if (height != 0) {
    const char* above = seen->ground ? "the ground" : "z = 0, since no ground is below it,";
    char* of_slide = floats ? format_text(", where the slide is at %.3g m or above", lowest) : format_text("%s", "");
    settings_put_number_why(p->found, "eval.fall_height", round(height * digits) / digits,
                            "the base is %.3g m above %s or higher in the %ld frames of the data that were examined%s",
                            seen->lowest, above, seen->frames, of_slide);
    df_free(of_slide);
    if (floats) settings_put(p->found, "eval.height_joint", m->joints[m->height].name);
  }
  if (height == 0 && isfinite(seen->lowest))
    text_add(p->notes,
             "no fall height (eval.fall_height): the base comes as near as %.3g m to the ground in the data\n",
             seen->lowest);
  if (tilt > 0 && (m->free_joint >= 0 || m->tilt >= 0)) {
    settings_put_number_why(p->found, "eval.fall_tilt", tilt, "it never leans more than %.0f degrees in the data",
                            seen->steepest);
    if (floats) settings_put(p->found, "eval.tilt_joint", m->joints[m->tilt].name);
  }
  if (height != 0 || (tilt > 0 && (m->free_joint >= 0 || m->tilt >= 0))) return;
  char* why = m->free_joint < 0 && m->height < 0 && m->tilt < 0
                  ? format_text(
                        "the robot neither sinks nor leans: its base has no vertical slide and no hinge that "
                        "tilts it")
                  : format_text(
                        "in the data the base is as low as %.3g m and leans by up to %.0f degrees, so that no "
                        "bound tells a fall from the motion",
                        seen->lowest, seen->steepest);
  put_no_fall(p, why);
  df_free(why);
}

/* whether a body on the world moves along a slide */
static bool has_rail(const model_study* m) {
  bool found = false;
  for (int j = 0; j < m->n_joints; j++)
    found = found || (m->joints[j].kind == DF_JOINT_SLIDE && !model_is_object(m, j) &&
                      df_mujoco_body_parent(m->system, df_mujoco_joint_body(m->system, j)) == 0);
  return found;
}

static df_status propose_evaluation(const proposal* p) {
  const df_dataset* d = p->data;
  posture seen;
  settings_put_number(p->found, "eval.windows", 128);
  settings_put_number(p->found, "eval.sae_windows", 32);
  settings_put_number(p->found, "eval.chains", 64);
  settings_put_number(p->found, "eval.chain_seconds", fmin(5, floor(10 * d->length * d->dt) / 10));
  if (p->model->free_joint < 0 && p->model->root_body < 0) {
    const char* held = has_rail(p->model) ? "the base of the robot moves along a rail alone"
                                          : "the base of the robot is fixed to the world";
    put_no_fall(p, held);
    return DF_OK;
  }
  df_status status = study_posture(p, &seen);
  if (status == DF_OK) status = propose_feet(p, &seen);
  if (status == DF_OK) {
    const bool touches = touches_world(p, &seen);
    const char* why = no_fall(p, touches);
    if (why)
      put_no_fall(p, why);
    else
      propose_fall(p, &seen);
    if (!why && !touches)
      text_add(p->notes,
               "nothing touches the floor in the recording: if it should, data.position_offset puts it down\n");
  }
  df_free(seen.touched);
  return status;
}

/* ---- methods and profiles ---- */

static void propose_methods(const proposal* p) {
  if (p->data->actions)
    settings_put(p->found, "task.methods",
                 "dynaflow,dynaflow_tracking,kinematic_fm,kinematic_fm_idm,action_fm,random_action,replay_demo");
  else
    settings_put_why(p->found, "task.methods", "dynaflow,dynaflow_tracking,kinematic_fm,random_action",
                     "those that need no recorded actions");
}

/* what a gradient by differences changes in the profile smoke; settings of an earlier horizon are removed */
static void put_smoke_size(const proposal* p, int horizon, const smoke_size* size, double work) {
  char* why = size->batch == BATCH ? format_text("%s", "")
                                   : format_text("a gradient by finite differences takes %.3g steps for each", work);
  settings_drop(p->found, "profiles.smoke.train.batch");
  settings_drop(p->found, "profiles.smoke.window.horizon");
  if (size->batch < BATCH) settings_put_number_why(p->found, "profiles.smoke.train.batch", size->batch, "%s", why);
  if (size->horizon < horizon)
    settings_put_number_why(p->found, "profiles.smoke.window.horizon", size->horizon, "%s", why);
  df_free(why);
}

df_status propose_profiles(const proposal* p) {
  const int horizon = atoi(settings_find(p->found, "window.horizon")->value);
  const int substeps = df_mujoco_substeps(p->model->system);
  const char* const smoke = "profiles.smoke.";
  static const struct {
    const char* key;
    double value;
  } numbers[] = {{"net.depth", 2}, {"eval.windows", 32}, {"eval.sae_windows", 4}, {"eval.chains", 16}};
  char key[96];
  double work;
  DF_TRY(gradient_work(p, &work));
  const smoke_size size = smoke_training(p->model->nv, substeps, horizon, work);
  settings_put_why(
      p->found, "profiles.smoke.task.methods",
      p->data->actions ? "dynaflow,kinematic_fm,random_action,replay_demo" : "dynaflow,kinematic_fm,random_action",
      "about a minute on two cores; the numbers are not final");
  settings_put_number_why(p->found, "profiles.smoke.train.steps", size.steps,
                          "by the size of the model: %d dofs, %d physics steps per window", p->model->nv,
                          size.horizon * substeps);
  put_smoke_size(p, horizon, &size, work);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    snprintf(key, sizeof key, "%s%s", smoke, numbers[i].key);
    settings_put_number(p->found, key, numbers[i].value);
  }
  settings_put_number_why(p->found, "profiles.full.train.steps", FULL_STEPS, "equal gradient steps for every method");
  return DF_OK;
}

df_status propose_task(const proposal* p) {
  if (shortest(p->data) < 2) {
    return df_fail(DF_E_CONFIG, "an episode has %d action%s: at least 2 are needed; data.select leaves episodes out",
                   shortest(p->data), shortest(p->data) == 1 ? "" : "s");
  }
  propose_methods(p);
  DF_TRY(propose_box(p));
  propose_windows(p);
  DF_TRY(propose_split(p));
  propose_chart(p);
  propose_network(p);
  propose_training(p);
  DF_TRY(propose_evaluation(p));
  return propose_profiles(p);
}
