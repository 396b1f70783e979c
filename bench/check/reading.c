#include "reading.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "explained.h"
#include "frame_interval.h"
#include "joint_dead.h"
#include "joint_order.h"
#include "joint_shift.h"
#include "joint_sign.h"
#include "joints.h"
#include "reachable.h"
#include "text.h"
#include "would_fit.h"

/* ---- the conventions that are tried ---- */

typedef struct convention {
  const char *key, *value;
  bool turns, base, hinges; /* concerns models with quaternions, a free joint, hinges */
} convention;

static const convention conventions[] = {{"data.quaternion", "wxyz", .turns = true},
                                         {"data.quaternion", "xyzw", .turns = true},
                                         {"data.quaternion", "wxyz_inverse", .turns = true},
                                         {"data.quaternion", "xyzw_inverse", .turns = true},
                                         {"data.linear_velocity", "world", .base = true},
                                         {"data.linear_velocity", "base", .base = true},
                                         {"data.angular_velocity", "base", .base = true},
                                         {"data.angular_velocity", "world", .base = true},
                                         {"data.up", "z", .base = true},
                                         {"data.up", "y", .base = true},
                                         {"data.angles", "rad", .hinges = true},
                                         {"data.angles", "deg", .hinges = true},
                                         {"data.position_scale", "1", .base = true},
                                         {"data.position_scale", "0.01", .base = true},
                                         {"data.position_scale", "0.001", .base = true}};
enum { CONVENTIONS = sizeof conventions / sizeof conventions[0] };

/* Other scales are tried only if poses are this far from the floor, m, and the base accelerates as no robot does,
 * m/s^2: a robot may fly, and one that stands has the same velocities in all units. */
static const double FAR = 5, VIOLENT = 100;

/* share of the samples beyond joint limits from which they may tell other columns */
static const double LIMITS_TELL = 0.1;

static bool is_degrees(const convention* c) {
  return strcmp(c->value, "deg") == 0;
}

static bool concerns(const convention* c, const df_system* system, const reading* r) {
  bool turns = false, base = false, hinges = false;
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  for (int j = 0; j < n; j++) {
    base |= joints[j].kind == DF_JOINT_FREE;
    turns |= joints[j].kind == DF_JOINT_FREE || joints[j].kind == DF_JOINT_BALL;
    hinges |= joints[j].kind == DF_JOINT_HINGE;
  }
  if (strcmp(c->key, "data.position_scale") == 0 && !(fabs(r->now.lowest) > FAR && r->now.acceleration > VIOLENT))
    return false;
  if (is_degrees(c) && r->data && !trace_exceeds_turn(r->data, system)) return false;
  return (!c->turns || turns) && (!c->base || base) && (!c->hinges || hinges);
}

/* ---- reading with settings ---- */

/* What is read, which does not change. The recording belongs to the reading, which opens it again with other columns:
 * nothing else may keep a pointer to it. */
typedef struct source {
  const char* path;
  const df_system* system;
  const check_cfg* cfg;
} source;

/* how the states of a reading are read; valid until it takes over other columns */
static fit_source source_of(const reading* r) {
  return (fit_source){r->recording, &r->config};
}

static df_status set(df_config* config, const convention* c) {
  return c ? df_config_set(config, c->key, c->value, "data check") : DF_OK;
}

/* the value of a key, as text */
static void value_of(const df_config* config, const char* key, char* value, size_t n) {
  const df_config_key* keys;
  const int count = df_config_keys(&keys);
  value[0] = '\0';
  for (int i = 0; i < count; i++) {
    if (strcmp(keys[i].name, key) == 0) df_config_value(config, i, value, n);
  }
}

/* whether the setting has this value already */
static bool is_set(const df_config* config, const convention* c) {
  char now[80], then[80];
  df_config other = *config;
  if (df_config_set(&other, c->key, c->value, "data check") != DF_OK) return false;
  value_of(config, c->key, now, sizeof now);
  value_of(&other, c->key, then, sizeof then);
  return strcmp(now, then) == 0;
}

static bool is_recorded(const df_recording* recording, int state) {
  const int n = df_recording_columns(recording);
  for (int i = 0; i < n; i++) {
    if (df_recording_column_at(recording, i)->state == state) return true;
  }
  return false;
}

/* whether the position of a dof, x[q], is the integral of its velocity */
static bool is_integrated(const df_recording* recording, const df_joint* joint, int q) {
  const bool moves = joint->kind == DF_JOINT_SLIDE || (joint->kind == DF_JOINT_FREE && q < joint->qpos + 3);
  return moves && !is_recorded(recording, q);
}

/* multiplies the change of x[i] from the first frame of an episode by `factor` */
static void scale_change(df_dataset* data, int episode, int i, double factor) {
  double* x = data->states + data->first[episode] * (size_t)data->nx + i;
  for (int t = 1; t <= data->lengths[episode]; t++) x[t * data->nx] = x[0] + (x[t * data->nx] - x[0]) * factor;
}

static void scale_values(df_dataset* data, int episode, int i, double factor) {
  double* x = data->states + data->first[episode] * (size_t)data->nx + i;
  for (int t = 0; t <= data->lengths[episode]; t++) x[t * data->nx] *= factor;
}

/* Velocities that are differences, and positions that are integrals, are converted for frames that are an action apart:
 * makes them those of the recorded interval. */
static void scale_derived(const source* s, const df_recording* recording, const df_config* config, double h,
                          df_dataset* data, int episode) {
  const double factor = s->system->dt / h;
  const bool all = strcmp(config->data_velocities, "differences") == 0;
  const df_joint* joints;
  const int n = df_mujoco_joints(s->system, &joints), nq = df_mujoco_nq(s->system);
  for (int j = 0; j < n && factor != 1; j++) {
    const df_joint* joint = &joints[j];
    const int dofs = joint_dofs(joint->kind);
    for (int k = 0; k < dofs; k++) {
      const int v = nq + joint->dof + k;
      /* differences of integrals are the recorded velocities */
      if (is_integrated(recording, joint, joint->qpos + k)) {
        scale_change(data, episode, joint->qpos + k, 1 / factor);
      } else if (all || !is_recorded(recording, v)) {
        scale_values(data, episode, v, factor);
      }
    }
  }
}

/* Converts a recording with one frame per action, and corrects it as `r` does; *data and *fit are set on success. */
static df_status convert(const source* s, const reading* r, const df_recording* recording, const df_config* config,
                         df_dataset** data, misfit* fit) {
  df_config as_recorded = *config;
  as_recorded.data_rate = 1 / s->system->dt;
  DF_TRY(df_recording_convert(recording, &as_recorded, s->system, data));
  for (int e = 0; e < (*data)->episodes; e++) scale_derived(s, recording, config, r->h[e], *data, e);
  reading_correct(r, s->system, *data);
  const df_status status = misfit_of(*data, s->system, r->h, s->cfg, fit);
  if (status == DF_OK) return DF_OK;
  df_dataset_free(*data);
  *data = NULL;
  return status;
}

/* ---- the search ---- */

/* the best of the readings that were tried */
typedef struct best {
  const convention *a, *b; /* NULL: none */
  misfit fit;
  df_dataset* data;
  double needed; /* what is left unexplained */
} best;

/* a pair has to be better than one setting by so much */
static const double PAIR = 0.05;

/* Whether limits of hinges tell that angles are in degrees: most samples are beyond them as read, some by more than a
 * turn, and clearly fewer are as degrees. Slides have no angles and tell nothing, however many there are. One joint
 * that turns past a range that is too narrow is a matter of the range. */
static bool limits_tell_degrees(const source* s, const reading* r, const misfit* fit) {
  static const double MOSTLY = 0.5, FEWER = 0.2;
  const double beyond = r->now.hinges;
  return beyond > MOSTLY && fit->hinges < beyond - FEWER && trace_exceeds_turn_and_range(r->data, s->system);
}

/* What readings are compared by if limits of hinges tell it: these alone, so that slides do not hide them. */
static misfit of_hinges(const misfit* m) {
  misfit out = *m;
  out.part[MISFIT_LIMITS] = m->hinges;
  return out;
}

/* What a reading in degrees is compared by if joint limits do not tell it. Its joints are 57 times slower, so that
 * wheels and brushes stand still: that they slide less, and that joints are within their limits, is no evidence. */
static misfit evidence_of(const misfit* as_is, const misfit* fit) {
  misfit out = *fit;
  out.part[MISFIT_SLIP] = fmax(fit->part[MISFIT_SLIP], as_is->part[MISFIT_SLIP]);
  out.part[MISFIT_LIMITS] = fmax(fit->part[MISFIT_LIMITS], as_is->part[MISFIT_LIMITS]);
  return out;
}

/* Tries one or two more settings; a reading that cannot be converted does not fit. */
static df_status try_settings(const source* s, const reading* r, const convention* a, const convention* b, best* out) {
  df_config config = r->config;
  df_dataset* data = NULL;
  misfit fit;
  DF_TRY(set(&config, a));
  DF_TRY(set(&config, b));
  const df_status status = convert(s, r, r->recording, &config, &data, &fit);
  if (status == DF_E_NOMEM) return status;
  if (status != DF_OK) return DF_OK;
  const bool degrees = r->data && (is_degrees(a) || (b && is_degrees(b)));
  const bool told = degrees && !r->pressed && limits_tell_degrees(s, r, &fit);
  const misfit evidence = degrees && !told ? evidence_of(&r->now, &fit) : fit;
  const misfit before = told ? of_hinges(&r->now) : r->now, after = told ? of_hinges(&fit) : evidence;
  const double needed = misfit_sum(&evidence) + (b ? PAIR : 0);
  /* a gyroscope may be in radians where the joints are in degrees; else velocities have to allow the reading */
  const bool allowed = told || !r->data || !misfit_contradicts(&r->now, &fit);
  const bool explains = allowed && (!r->data || misfit_explains(&before, &after));
  if (explains && (!out->data || needed < out->needed)) {
    df_dataset_free(out->data);
    *out = (best){a, b, fit, data, needed};
  } else {
    df_dataset_free(data);
  }
  return DF_OK;
}

static df_status try_all(const source* s, const reading* r, best* out) {
  for (int i = 0; i < CONVENTIONS; i++) {
    const convention* a = &conventions[i];
    if (!concerns(a, s->system, r) || is_set(&r->config, a)) continue;
    DF_TRY(try_settings(s, r, a, NULL, out));
    for (int j = i + 1; j < CONVENTIONS; j++) {
      const convention* b = &conventions[j];
      if (!concerns(b, s->system, r) || is_set(&r->config, b) || strcmp(a->key, b->key) == 0) continue;
      DF_TRY(try_settings(s, r, a, b, out));
    }
  }
  return DF_OK;
}

/* adds settings, which are those of `key` */
static df_status add_setting(reading* r, const char* key, const remedy* fits, const misfit* after) {
  reading_setting* one = &r->setting[r->n];
  r->before[r->n] = r->now;
  r->after[r->n++] = *after;
  *one = (reading_setting){.key = key};
  remedy_add(&one->fits, fits);
  return remedy_apply(fits, &r->config, "data check");
}

static df_status add_convention(reading* r, const convention* c, const misfit* after) {
  remedy fits = {0};
  remedy_set(&fits, c->key, "%s", c->value);
  const df_status status = add_setting(r, c->key, &fits, after);
  remedy_clear(&fits);
  return status;
}

/* takes over the best reading */
static df_status accept(reading* r, best* b) {
  df_dataset_free(r->data);
  r->data = b->data;
  df_status status = add_convention(r, b->a, &b->fit);
  if (status == DF_OK && b->b) status = add_convention(r, b->b, &b->fit);
  r->now = b->fit;
  return status;
}

/* whether nothing is left to explain: velocities follow and poses fit */
static bool fits(const misfit* m) {
  for (int i = 0; i < MISFIT_PARTS; i++) {
    if (m->part[i] > CHECK_ERROR_FREE) return false;
  }
  return true;
}

static df_status search(const source* s, reading* r) {
  while (r->n + 2 <= READING_SETTINGS_MAX && !(r->data && fits(&r->now))) {
    best found = {0};
    const df_status status = try_all(s, r, &found);
    if (status != DF_OK) df_dataset_free(found.data);
    DF_TRY(status);
    if (!found.data) break;
    DF_TRY(accept(r, &found));
  }
  return DF_OK;
}

/* ---- the order of joints ---- */

/* takes over the reading with the settings `fits` if they make it fit better: columns may not have an order */
static df_status take_order(const source* s, reading* r, const remedy* fits) {
  df_config config = r->config;
  df_recording* recording = NULL;
  df_dataset* data = NULL;
  misfit fit;
  df_status status = remedy_apply(fits, &config, "data check");
  if (status == DF_OK) status = df_recording_open(s->path, &config, s->system, &recording);
  if (status == DF_OK) status = convert(s, r, recording, &config, &data, &fit);
  if (status == DF_OK && misfit_sum(&fit) < misfit_sum(&r->now)) {
    const char *legs = remedy_value(fits, "data.legs"), *key = legs && *legs ? "data.legs" : "data.joints";
    status = add_setting(r, key, fits, &fit);
    if (status == DF_OK) {
      df_recording* former = r->recording;
      df_dataset* former_data = r->data;
      r->recording = recording;
      r->data = data;
      r->now = fit;
      recording = former;
      data = former_data;
    }
  }
  df_recording_free(recording);
  df_dataset_free(data);
  return status == DF_E_NOMEM ? status : DF_OK;
}

char* reading_reversed_names(const df_system* system, const int* order) {
  enum { NAMED = 6 };
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  text names = {0};
  int count = 0;
  for (int j = 0; j < n; j++) {
    if (order[j] >= 0 || count++ >= NAMED) continue;
    text_add(&names, "%s%s", names.n ? ", " : "", joints[j].name);
    if (!joints[j].name[0]) text_add(&names, "joint %d", j);
  }
  if (count > NAMED) text_add(&names, " and %d more", count - NAMED);
  char* out = format_text("%s", text_of(&names));
  text_clear(&names);
  return out;
}

char* reading_order_words(const df_system* system, const int* order) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  text words = {0};
  for (int j = 0; j < n; j++) {
    if (order[j] < 0 || order[j] == j) continue;
    const bool pair = order[order[j]] == j;
    if (pair && order[j] < j) continue;
    text_add(&words, pair ? "%s%s and %s exchanged" : "%s%s as %s", words.n ? ", " : "", joints[j].name,
             joints[order[j]].name);
  }
  char* out = format_text("%s", text_of(&words));
  text_clear(&words);
  return out;
}

/* what an order changes: settings; where none say it, "the opposite sign of FL_hip_joint" or "a and c exchanged" */
static remedy change_of(const reading* r, const df_system* system, const int* order) {
  const bool signs = joint_order_reverses(system, order);
  const fit_source now = source_of(r);
  remedy out = signs ? (remedy){0} : fit_joints(&now, system, order);
  if (!remedy_is_empty(&out)) return out;
  char* names = signs ? reading_reversed_names(system, order) : reading_order_words(system, order);
  remedy_say(&out, signs ? "the opposite sign of %s" : "%s", names);
  df_free(names);
  return out;
}

/* Whether an order takes joints whose sign it reverses out of their ranges, in which they are as read. */
static bool leaves_ranges(const source* s, const reading* r, const int* order) {
  static const double WITHIN = 0.01, BEYOND = 0.05;
  const df_joint* joints;
  const int n = df_mujoco_joints(s->system, &joints);
  const size_t frames = r->data->first[r->data->episodes];
  bool leaves = false;
  for (int j = 0; j < n; j++) {
    size_t now = 0, then = 0;
    if (order[j] != ~j || !isfinite(joints[j].width)) continue;
    for (size_t f = 0; f < frames; f++) {
      const double q = r->data->states[f * (size_t)r->data->nx + (size_t)joints[j].qpos];
      now += q < joints[j].lo || q > joints[j].hi;
      then += -q < joints[j].lo || -q > joints[j].hi;
    }
    leaves |= (double)now <= WITHIN * (double)frames && (double)then > BEYOND * (double)frames;
  }
  return leaves;
}

/* takes over *signs, an order that no setting says */
static df_status take_signs(const source* s, int** signs, double from, double to, reading* r) {
  r->reversed = *signs;
  r->reversed_from = from;
  r->reversed_to = to;
  *signs = NULL;
  joint_order_apply(s->system, r->reversed, r->data);
  return misfit_of(r->data, s->system, r->h, s->cfg, &r->now);
}

/* takes over a joint whose zero is off */
static df_status take_zero(const source* s, const joint_zero* zero, bool by_forces, reading* r) {
  r->zero = *zero;
  r->zero_by_forces = by_forces;
  df_free(r->unclear);
  r->unclear = NULL;
  joint_zero_apply(zero, s->system, r->data);
  return misfit_of(r->data, s->system, r->h, s->cfg, &r->now);
}

/* that an order and the zero of a joint fit about equally well; `from` and `to`: what the order leaves */
static char* unclear_zero(const df_system* system, const joint_zero* zero, bool by_forces, const remedy* fits) {
  const df_joint* joints;
  char parts[MISFIT_NAME_MAX];
  df_mujoco_joints(system, &joints);
  misfit_contact_name(system, parts);
  char* words = remedy_text(fits);
  char* out = format_text(
      "joints do not fit as read, and it is not clear why: %s%s falls from %.2g to %.2g with %s, and to %.2g with %.3g "
      "rad subtracted from %s; check the sign and the zero of these joints, or more episodes",
      by_forces ? "the force, in weights, that the motion needs on what no actuator drives" : "the misfit of ",
      by_forces ? "" : parts, zero->as_read, zero->ordered, words, zero->misfit, zero->offset,
      joints[zero->joint].name);
  df_free(words);
  return out;
}

/* Whether an order that is clear otherwise is one: a joint whose zero is off fits less well. Else takes the zero over,
 * or says that it is not clear. */
static df_status is_order(const source* s, const int* order, bool by_forces, const remedy* fits, reading* r, bool* is) {
  joint_zero zero;
  DF_TRY(joint_zero_find(r->data, s->system, r->h, order, by_forces, s->cfg, &zero));
  *is = zero.verdict == JOINT_ZERO_WORSE;
  if (zero.verdict == JOINT_ZERO_BETTER) return take_zero(s, &zero, by_forces, r);
  if (*is) return DF_OK;
  df_free(r->doubtful);
  r->doubtful = unclear_zero(s->system, &zero, by_forces, fits);
  return DF_OK;
}

/* columns of joints that are shifted, before conventions are looked at: angles of other joints seem to be degrees */
static df_status find_shift(const source* s, reading* r) {
  const fit_source now = source_of(r);
  joint_shift shift;
  int* recorded = fit_recorded_joints(&now, s->system);
  df_status status = joint_shift_find(r->data, s->system, recorded, &shift);
  df_free(recorded);
  remedy fits = status == DF_OK && shift.by ? fit_joints(&now, s->system, shift.to) : (remedy){0};
  const int before = r->n;
  if (fits.n) status = take_order(s, r, &fits);
  if (r->n > before) r->setting[before].shift = shift.by;
  remedy_clear(&fits);
  df_free(shift.to);
  return status;
}

/* Of an order that is not clear, what the zero of a joint leaves, which may look like it: ", and 0.4 with 0.25 rad
 * subtracted from FR_calf_joint, which fits better"; "" if an order fits better. */
static df_status rival_zero(const source* s, const reading* r, const int* order, bool by_forces, char** out) {
  const df_joint* joints;
  joint_zero zero;
  char parts[MISFIT_NAME_MAX];
  *out = NULL;
  DF_TRY(joint_zero_find(r->data, s->system, r->h, order, by_forces, s->cfg, &zero));
  df_mujoco_joints(s->system, &joints);
  misfit_contact_name(s->system, parts);
  const char* fits = by_forces ? parts : "the forces that the motion needs";
  *out = zero.verdict == JOINT_ZERO_WORSE
             ? format_text("%s", "")
             : format_text(", and %.2g with %.3g rad subtracted from %s, which fits %s together with %s", zero.misfit,
                           zero.offset, joints[zero.joint].name,
                           zero.verdict == JOINT_ZERO_BETTER ? "better" : "about as well", fits);
  return DF_OK;
}

/* that forces do not tell which joints are reversed or exchanged, or off by a constant (`zero`: rival_zero()) */
static char* unclear_signs(const df_system* system, const joint_signs* signs, const remedy* fits, const char* zero) {
  char* words = remedy_text(fits);
  char* other = signs->exchange ? reading_order_words(system, signs->exchange) : format_text("%s", "");
  char* out = format_text(
      "joints may be reversed%s exchanged%s: on what no actuator drives, the motion needs a force of %.2g weights as "
      "read and %.2g with %s%s%s%s, but frames this long may leave %.2g in a correct recording; check more episodes",
      *zero ? "," : " or", *zero ? " or off by a constant" : "", signs->as_read, signs->residual, words,
      *other ? ", and little with " : "", other, zero, signs->floor);
  df_free(words);
  df_free(other);
  return out;
}

/* whether forces tell nothing of joints: one is dead, or velocities are those of other joints or of the opposite sign
 */
static df_status are_forces_spoiled(const source* s, const reading* r, bool* spoiled) {
  trace m;
  *spoiled = joint_any_is_dead(r->data, s->system);
  if (*spoiled) return DF_OK;
  df_status status = trace_of(r->data, s->system, r->h, s->cfg->frames_max, &m);
  if (status == DF_OK) status = check_velocity_columns(&m, spoiled);
  trace_clear(&m);
  return status;
}

/* signs of joints within their limits, and joints of two legs exchanged, where the misfit does not tell */
static df_status find_signs(const source* s, reading* r) {
  joint_signs signs;
  bool spoiled;
  DF_TRY(are_forces_spoiled(s, r, &spoiled));
  if (spoiled) return DF_OK;
  DF_TRY(joint_sign_find(r->data, s->system, r->h, s->cfg, &signs));
  if (signs.best && signs.is_clear && leaves_ranges(s, r, signs.best)) {
    df_free(signs.best);
    df_free(signs.exchange);
    return DF_OK;
  }
  if (!signs.best) return DF_OK;
  remedy fits = change_of(r, s->system, signs.best);
  df_status status = DF_OK;
  const int before = r->n;
  bool is = true;
  df_free(r->unclear);
  r->unclear = NULL;
  if (signs.is_clear) status = is_order(s, signs.best, true, &fits, r, &is);
  if (!signs.is_clear) {
    char* zero;
    status = rival_zero(s, r, signs.best, true, &zero);
    if (status == DF_OK) r->unclear = unclear_signs(s->system, &signs, &fits, zero);
    df_free(zero);
  } else if (is && status == DF_OK && fits.n && r->n < READING_SETTINGS_MAX) {
    status = take_order(s, r, &fits);
  }
  if (status == DF_OK && signs.is_clear && is && r->n == before) {
    r->reversed_by_forces = true;
    status = take_signs(s, &signs.best, signs.as_read, signs.residual, r);
  }
  if (r->n > before || r->reversed) { /* a height of the reading before */
    df_free(r->height);
    r->height = NULL;
  }
  df_free(signs.best);
  df_free(signs.exchange);
  remedy_clear(&fits);
  return status;
}

/* that the misfit does not tell which order or sign is right, or whether a joint is off by a constant */
static df_status unclear_order(const source* s, const joint_orders* orders, const remedy* fits, const remedy* rival,
                               reading* r) {
  char *zero, parts[MISFIT_NAME_MAX];
  DF_TRY(rival_zero(s, r, orders->best, false, &zero));
  misfit_contact_name(s->system, parts);
  char *words = remedy_text(fits), *other = remedy_text(rival);
  r->unclear = format_text(
      "the order or sign of joints%s is not clear: the misfit of %s is %.2g as read and %.2g with %s%s%s%s; check more "
      "episodes",
      *zero ? ", or their zero," : "", parts, orders->as_read, orders->misfit, words,
      *other ? ", and about the same with " : "", other, zero);
  df_free(words);
  df_free(other);
  df_free(zero);
  return DF_OK;
}

/* that the robot is above the floor or in it, which explains as much as another order of joints */
static void say_height(const source* s, const joint_orders* orders, reading* r) {
  char parts[MISFIT_NAME_MAX];
  misfit_contact_name(s->system, parts);
  r->height = format_text(
      "the robot is %.3g m %s the floor (median over frames): the misfit of %s is %.2g as read and %.2g without that "
      "height; correct the height of the base, or the model's floor",
      fabs(orders->above), orders->above > 0 ? "above" : "in", parts, orders->as_read, orders->at_floor);
}

/* The orders of joints that were compared, of the reading with `settings` settings: before conventions are looked for,
 * and again after that only if some were found. */
typedef struct compared_orders {
  bool known;
  int settings;
  joint_orders orders;
} compared_orders;

static df_status compare_orders(const source* s, const reading* r, compared_orders* c) {
  if (c->known && c->settings == r->n) return DF_OK;
  joint_orders_clear(&c->orders);
  const fit_source now = source_of(r);
  int* recorded = fit_recorded_joints(&now, s->system);
  const df_status status = joint_order_find(r->data, s->system, r->h, recorded, s->cfg, &c->orders);
  df_free(recorded);
  c->known = status == DF_OK;
  c->settings = r->n;
  return status;
}

/* The orders of joints, which are settings of reading the file, and their signs. `by_limits`: only one that brings all
 * joints within their limits. */
static df_status find_order(const source* s, bool by_limits, compared_orders* c, reading* r) {
  joint_orders* orders = &c->orders;
  remedy fits = {0}, rival = {0};
  df_free(r->height);
  r->height = NULL;
  if (joint_any_is_dead(r->data, s->system)) return DF_OK;
  DF_TRY(compare_orders(s, r, c));
  df_status status = DF_OK;
  if (orders->above != 0) say_height(s, orders, r);
  const bool found =
      orders->found && (!by_limits || (orders->is_clear && orders->by_limits)) && !leaves_ranges(s, r, orders->best);
  if (found) fits = change_of(r, s->system, orders->best);
  if (found && orders->rival) rival = change_of(r, s->system, orders->rival);
  bool is = true;
  if (!remedy_is_empty(&fits) && orders->is_clear) status = is_order(s, orders->best, false, &fits, r, &is);
  if (status != DF_OK || !is) {
    /* the zero of a joint, or not clear */
  } else if (fits.words && orders->is_clear) {
    c->known = false; /* of states that change now */
    status = take_signs(s, &orders->best, orders->as_read, orders->misfit, r);
  } else if (fits.n && orders->is_clear && r->n < READING_SETTINGS_MAX) {
    status = take_order(s, r, &fits);
  } else if (!remedy_is_empty(&fits)) {
    status = unclear_order(s, orders, &fits, &rival, r);
  }
  remedy_clear(&fits);
  remedy_clear(&rival);
  return status;
}

/* exchanges the base with another free body, if the states fit better so */
static df_status find_exchange(const source* s, reading* r) {
  if (!r->data) return DF_OK;
  DF_TRY(free_bodies_find(r->data, s->system, &r->config.chart_objects, r->h, s->cfg, &r->exchanged));
  if (!r->exchanged.found) return DF_OK;
  free_bodies_exchange(s->system, &r->exchanged, r->data);
  return misfit_of(r->data, s->system, r->h, s->cfg, &r->now);
}

void reading_correct(const reading* r, const df_system* system, df_dataset* data) {
  if (r->units) joint_units_apply(r->units, system, data);
  if (r->exchanged.found) free_bodies_exchange(system, &r->exchanged, data);
  if (r->reversed) joint_order_apply(system, r->reversed, data);
  if (r->zero.verdict == JOINT_ZERO_BETTER) joint_zero_apply(&r->zero, system, data);
}

/* ---- all of it ---- */

/* whether the recorded actions lead from each state to the next one: then no other reading is looked for */
static df_status is_explained(const source* s, const reading* r, bool* explained) {
  trace m;
  *explained = false;
  if (!r->data || !r->data->actions) return DF_OK;
  df_status status = trace_of(r->data, s->system, r->h, s->cfg->frames_max, &m);
  if (status == DF_OK) status = states_are_explained(&m, explained);
  trace_clear(&m);
  return status;
}

/* Whether what is beyond joint limits tells nothing about columns and units, since the model's own actuators press its
 * soft limits so far. */
static df_status find_pressed(const source* s, reading* r) {
  trace m;
  if (!r->data || r->data->actions || !(r->now.part[MISFIT_LIMITS] > LIMITS_TELL)) return DF_OK;
  df_status status = trace_of(r->data, s->system, r->h, s->cfg->frames_max, &m);
  if (status == DF_OK) status = limits_are_reachable(&m, &r->pressed);
  trace_clear(&m);
  return status;
}

/* The duration of a frame that is stated; by times that do not increase, their usual distance. */
static df_status stated_duration(const df_recording* recording, const df_config* config, const df_system* system,
                                 int episode, double* out) {
  double at[2], gap, usual = 0;
  int frame, longest;
  *out = df_recording_frame_duration(recording, config, system, episode);
  DF_TRY(df_recording_time_order(recording, episode, &frame, at));
  if (frame > 0) DF_TRY(df_recording_gap(recording, episode, &gap, &usual, &longest));
  if (usual > 0 && !(config->data_rate > 0)) *out = usual;
  return DF_OK;
}

/* opens and converts; a failure of the conversion is that of *as_is, and no error yet */
static df_status begin(const source* s, const df_config* config, reading* out, df_status* as_is) {
  const df_system* system = s->system;
  *out = (reading){.config = *config};
  DF_TRY(df_recording_open(s->path, config, system, &out->recording));
  const int episodes = df_recording_episodes(out->recording);
  out->h = df_alloc((size_t)episodes, sizeof *out->h);
  out->stated = df_alloc((size_t)episodes, sizeof *out->stated);
  if (!out->h || !out->stated) return DF_E_NOMEM;
  for (int e = 0; e < episodes; e++) {
    DF_TRY(stated_duration(out->recording, config, system, e, &out->stated[e]));
    out->h[e] = frame_interval_is_plausible(out->stated[e]) ? out->stated[e] : system->dt;
  }
  *as_is = convert(s, out, out->recording, config, &out->data, &out->now);
  return *as_is == DF_E_NOMEM ? *as_is : DF_OK;
}

df_status reading_as_it_is(const char* path, const df_config* config, const df_system* system, const check_cfg* cfg,
                           reading* out) {
  const source s = {path, system, cfg};
  df_status as_is = DF_OK;
  DF_TRY(begin(&s, config, out, &as_is));
  return as_is;
}

/* Looks for a setting with which a base that lies on its side or upside down is upright, while all else is as it is. */
static df_status find_posture(const source* s, reading* r) {
  double least = r->now.part[MISFIT_TILT];
  for (int i = 0; i < CONVENTIONS && r->n < READING_SETTINGS_MAX; i++) {
    const convention* c = &conventions[i];
    df_config config = r->config;
    df_dataset* data = NULL;
    misfit fit;
    const bool turns = strcmp(c->key, "data.quaternion") == 0 || strcmp(c->key, "data.up") == 0;
    if (!turns || !concerns(c, s->system, r) || is_set(&r->config, c)) continue;
    DF_TRY(set(&config, c));
    const df_status status = convert(s, r, r->recording, &config, &data, &fit);
    df_dataset_free(data);
    if (status == DF_E_NOMEM) return status;
    if (status != DF_OK || !misfit_only_rights(&r->now, &fit) || fit.part[MISFIT_TILT] >= least) continue;
    least = fit.part[MISFIT_TILT];
    r->righted.key = c->key;
    remedy_clear(&r->righted.fits);
    remedy_set(&r->righted.fits, c->key, "%s", c->value);
  }
  return DF_OK;
}

/* Single hinges that are in degrees, before all else: they are beyond their limits, and move 57 times as fast. */
static df_status find_units(const source* s, reading* r) {
  trace m;
  if (!r->data) return DF_OK;
  df_status status = trace_of(r->data, s->system, r->h, s->cfg->frames_max, &m);
  joint_unit* units = status == DF_OK ? df_alloc((size_t)m.njoint, sizeof *units) : NULL;
  if (status == DF_OK && !units) status = DF_E_NOMEM;
  if (status == DF_OK && joint_units_find(&m, units)) {
    r->units = units;
    units = NULL;
  }
  trace_clear(&m);
  df_free(units);
  if (status != DF_OK || !r->units) return status;
  joint_units_apply(r->units, s->system, r->data);
  return misfit_of(r->data, s->system, r->h, s->cfg, &r->now);
}

/* Columns of joints that are shifted, bodies that are exchanged, and an order that brings all joints within their
 * limits: before conventions are looked at, since wrong joints seem to need another one. */
static df_status find_columns(const source* s, compared_orders* c, reading* r, bool* ordered) {
  *ordered = false;
  if (!r->data) return DF_OK;
  if (!s->cfg->named && !r->pressed) DF_TRY(find_shift(s, r));
  if (!s->cfg->orders) return DF_OK;
  DF_TRY(find_exchange(s, r));
  if (r->pressed) return DF_OK;
  const int before = r->n;
  DF_TRY(find_order(s, true, c, r));
  *ordered = r->n > before || r->reversed || r->doubtful || r->zero.verdict == JOINT_ZERO_BETTER;
  return DF_OK;
}

/* Orders of joints that only the floor tells; with one, conventions are looked at again. Where there is neither an
 * order nor a sign, signs by forces. */
static df_status find_order_on_floor(const source* s, compared_orders* c, reading* r) {
  const int before = r->n;
  DF_TRY(find_order(s, false, c, r));
  if (r->n > before) return search(s, r);
  if (r->reversed || r->doubtful || r->zero.verdict == JOINT_ZERO_BETTER) return DF_OK;
  DF_TRY(joint_delay_find(r->data, s->system, &r->config.chart_objects, r->h, s->cfg, &r->delay));
  if (!r->delay.frames) return find_signs(s, r);
  /* joints of another frame fit worse in every order */
  df_free(r->height);
  r->height = NULL;
  df_free(r->unclear);
  r->unclear = NULL;
  return DF_OK;
}

/* reading_find(), which clears the orders that were compared */
static df_status find_all(const source* s, const df_config* config, compared_orders* c, reading* out) {
  df_status as_is = DF_OK;
  char message[1024];
  bool explained, ordered;
  /* as it is: right, if recorded actions lead from each state to the next one */
  DF_TRY(begin(s, config, out, &as_is));
  snprintf(message, sizeof message, "%s", df_error_message());
  DF_TRY(is_explained(s, out, &explained));
  if (explained) return DF_OK;
  DF_TRY(find_units(s, out));
  DF_TRY(find_pressed(s, out));
  /* which columns are which joints and bodies, as far as joint limits tell; then conventions */
  DF_TRY(find_columns(s, c, out, &ordered));
  DF_TRY(search(s, out));
  /* no reading can be converted: the error of the one as it is */
  if (!out->data) return df_fail(as_is, "%s", message);
  if (!s->cfg->orders) return DF_OK;
  /* orders and signs within the limits, and what only the posture of the base tells */
  if (!ordered && !out->pressed) DF_TRY(find_order_on_floor(s, c, out));
  return find_posture(s, out);
}

df_status reading_find(const char* path, const df_config* config, const df_system* system, const check_cfg* cfg,
                       reading* out) {
  const source s = {path, system, cfg};
  compared_orders compared = {0};
  const df_status status = find_all(&s, config, &compared, out);
  joint_orders_clear(&compared.orders);
  return status;
}

df_status reading_take_back(const char* path, const df_config* config, const df_system* system, const check_cfg* cfg,
                            reading* r) {
  reading other = {0};
  df_config all = *config;
  df_status status = DF_OK;
  for (int i = 0; i + 1 < r->n && status == DF_OK; i++) status = remedy_apply(&r->setting[i].fits, &all, "data check");
  if (status == DF_OK) status = reading_as_it_is(path, &all, system, cfg, &other);
  if (status != DF_OK) {
    reading_clear(&other);
    return status;
  }
  reading_correct(r, system, other.data);
  remedy_clear(&r->setting[--r->n].fits);
  remedy_clear(&r->righted.fits);
  r->righted = (reading_setting){0};
  /* the recording as it is opened, and what was read of it */
  const reading former = *r;
  r->config = all;
  r->now = other.now;
  r->recording = other.recording;
  r->stated = other.stated;
  r->h = other.h;
  r->data = other.data;
  other.recording = former.recording;
  other.stated = former.stated;
  other.h = former.h;
  other.data = former.data;
  reading_clear(&other);
  return DF_OK;
}

int reading_part(const reading* r, int i) {
  int part = 0;
  double most = -1;
  for (int k = 0; k < MISFIT_PARTS; k++) {
    const double falls = r->before[i].part[k] - r->after[i].part[k];
    if (falls <= most) continue;
    most = falls;
    part = k;
  }
  return part;
}

void reading_clear(reading* r) {
  for (int i = 0; i < r->n; i++) remedy_clear(&r->setting[i].fits);
  df_recording_free(r->recording);
  df_dataset_free(r->data);
  df_free(r->h);
  df_free(r->stated);
  df_free(r->height);
  df_free(r->unclear);
  df_free(r->doubtful);
  df_free(r->reversed);
  df_free(r->units);
  remedy_clear(&r->righted.fits);
  *r = (reading){0};
}
