#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"
#include "joints.h"
#include "text.h"

/* what a command is of: the velocity of the base in its heading frame, m/s, and its yaw rate, rad/s */
enum part { FORWARD, SIDEWARD, YAW_RATE, PARTS };
static const char* const part_name[PARTS] = {"forward velocity", "sideward velocity", "yaw rate"};
static const char* const part_unit[PARTS] = {"m/s", "m/s", "rad/s"};

/* frames that are one sample of commands per frame; fewest samples that tell, and that tell an order by themselves */
enum { SAMPLE = 50, LEAST = 4, LEAST_ORDER = 5, LEAST_UNRELATED = 8 };
/* smaller commands, m/s or rad/s, are those of a robot that stands */
static const double STANDS = 0.05;
/* error of commands that are not followed, as a share of the velocities; of an explanation; what it leaves of them */
static const double NOT_FOLLOWED = 0.5, EXPLAINED = 0.25, OF_ERROR = 0.5;
/* factors of what follows poorly; beyond it is another unit */
static const double POORLY = 2.5;
/* correlation of commands that have nothing to do with the motion */
static const double UNRELATED = 0.3;

/* commands and the mean velocities where they were given */
typedef struct samples {
  int base;          /* index in x of its position */
  int column[PARTS]; /* of the conditions; -1: none */
  int n;
  double *command, *velocity; /* [n][PARTS] owned */
} samples;

/* ---- names ---- */

/* whether a name has a word, between characters that are no letters; in lower case */
static bool has_word(const char* name, const char* word) {
  const size_t n = strlen(word);
  for (const char* at = strstr(name, word); at; at = strstr(at + 1, word)) {
    const bool begins = at == name || !isalpha((unsigned char)at[-1]), ends = !isalpha((unsigned char)at[n]);
    if (begins && ends) return true;
  }
  return false;
}

/* which part a condition is a command of by its name; PARTS: none */
static int part_of(const char* given) {
  char name[DF_NAME_MAX];
  size_t n = 0;
  for (; given[n] && n + 1 < sizeof name; n++) name[n] = (char)tolower((unsigned char)given[n]);
  name[n] = '\0';
  const bool velocity = has_word(name, "vel") || has_word(name, "velocity") || has_word(name, "lin");
  if (has_word(name, "vx") || (velocity && has_word(name, "x"))) return FORWARD;
  if (has_word(name, "vy") || (velocity && has_word(name, "y"))) return SIDEWARD;
  if (has_word(name, "wz") || has_word(name, "vyaw") || has_word(name, "yawrate")) return YAW_RATE;
  return has_word(name, "yaw") && (velocity || has_word(name, "rate")) ? YAW_RATE : PARTS;
}

/* ---- samples ---- */

static double heading_of(const double q[4]) {
  return atan2(2 * (q[0] * q[3] + q[1] * q[2]), 1 - 2 * (q[2] * q[2] + q[3] * q[3]));
}

/* the mean velocity over the frames [from, to] of the base, whose position begins at x[at], by the changes of it */
static void velocity_of(const trace* m, int at, int episode, int from, int to, double out[PARTS]) {
  const double seconds = (to - from) * m->h[episode];
  for (int p = 0; p < PARTS; p++) out[p] = 0;
  for (int t = from; t < to; t++) {
    const double *a = df_dataset_state(m->data, episode, t) + at, *b = df_dataset_state(m->data, episode, t + 1) + at;
    const double first = heading_of(a + 3), turned = remainder(heading_of(b + 3) - first, JOINTS_TURN);
    const double yaw = first + turned / 2;
    const double x = (b[0] - a[0]) / seconds, y = (b[1] - a[1]) / seconds;
    out[FORWARD] += cos(yaw) * x + sin(yaw) * y;
    out[SIDEWARD] += cos(yaw) * y - sin(yaw) * x;
    out[YAW_RATE] += turned / seconds;
  }
}

static void command_of(const trace* m, const samples* s, int episode, int from, int to, double out[PARTS]) {
  for (int p = 0; p < PARTS; p++) {
    out[p] = 0;
    for (int t = from; t < to && s->column[p] >= 0; t++)
      out[p] += df_dataset_condition(m->data, episode, t)[s->column[p]] / (to - from);
  }
}

/* of every episode or, of commands per frame, of stretches of them; counts them, and fills the arrays if there are any
 */
static int list_samples(const trace* m, const samples* s) {
  int n = 0;
  for (int e = 0; e < m->data->episodes; e++) {
    const int length = m->data->lengths[e], each = m->data->condition_per_frame ? SAMPLE : length;
    for (int from = 0; from + each <= length; from += each, n++) {
      if (!s->command) continue;
      command_of(m, s, e, from, from + each, s->command + n * PARTS);
      velocity_of(m, s->base, e, from, from + each, s->velocity + n * PARTS);
    }
  }
  return n;
}

/* ---- comparing ---- */

/* which commands are compared: times a factor, of sample to[i] */
typedef struct fit {
  double factor;
  const int* to; /* [n]; NULL: as they are */
} fit;

static const double* command_at(const samples* s, const fit* f, int i) {
  return s->command + (f->to ? f->to[i] : i) * PARTS;
}

/* RMS of the velocities less the commands, of a part or, PARTS, of all, as a share of the velocities */
static double error_of(const samples* s, int part, const fit* f) {
  double ee = 0, vv = 0;
  for (int i = 0; i < s->n; i++) {
    const double *c = command_at(s, f, i), *v = s->velocity + i * PARTS;
    for (int p = 0; p < PARTS; p++) {
      if (s->column[p] < 0 || (part < PARTS && p != part)) continue;
      ee += (v[p] - f->factor * c[p]) * (v[p] - f->factor * c[p]);
      vv += v[p] * v[p];
    }
  }
  return vv > 0 ? sqrt(ee / vv) : ee > 0 ? INFINITY : 0;
}

/* of a part: the factor by which the commands become the velocities, and the RMS of both */
static double factor_of(const samples* s, int part, double* rms, double* speed) {
  double cv = 0, cc = 0, vv = 0;
  for (int i = 0; i < s->n; i++) {
    const double c = s->command[i * PARTS + part];
    cv += c * s->velocity[i * PARTS + part];
    cc += c * c;
    vv += s->velocity[i * PARTS + part] * s->velocity[i * PARTS + part];
  }
  *rms = sqrt(cc / s->n);
  *speed = sqrt(vv / s->n);
  return cc > 0 ? cv / cc : 0;
}

/* of commands and velocities of a part, around their means */
static double correlation_of(const samples* s, int part) {
  double c = 0, v = 0, cc = 0, cv = 0, vv = 0;
  for (int i = 0; i < s->n; i++) {
    c += s->command[i * PARTS + part] / s->n;
    v += s->velocity[i * PARTS + part] / s->n;
  }
  for (int i = 0; i < s->n; i++) {
    const double dc = s->command[i * PARTS + part] - c, dv = s->velocity[i * PARTS + part] - v;
    cc += dc * dc;
    cv += dc * dv;
    vv += dv * dv;
  }
  return cc > 0 && vv > 0 ? cv / sqrt(cc * vv) : NAN;
}

static bool explains(double as_is, double other) {
  return other < EXPLAINED && other < OF_ERROR * as_is;
}

/* ---- the order of episodes ---- */

static double distance(const samples* s, int i, int j) {
  double sum = 0;
  for (int p = 0; p < PARTS; p++) {
    const double d = s->velocity[i * PARTS + p] - s->command[j * PARTS + p];
    if (s->column[p] >= 0) sum += d * d;
  }
  return sum;
}

/* to[i] = the sample whose command is nearest to the velocity of sample i; false if it is nearest to two of them */
static bool nearest(const samples* s, int* to) {
  for (int i = 0; i < s->n; i++) {
    to[i] = 0;
    for (int j = 1; j < s->n; j++) {
      if (distance(s, i, j) < distance(s, i, to[i])) to[i] = j;
    }
    for (int k = 0; k < i; k++) {
      if (to[k] == to[i]) return false;
    }
  }
  return s->n >= LEAST_ORDER;
}

/* in which order the commands fit, in words; NULL: in none */
static const char* order_of(const samples* s, double as_is, int* to, double* error) {
  static const char* const names[] = {"in reverse order of the episodes", "of the episode after each",
                                      "of the episode before each", "in another order of the episodes"};
  for (int k = 0; k < 4; k++) {
    bool known = true;
    for (int i = 0; i < s->n; i++) to[i] = k == 0 ? s->n - 1 - i : (i + s->n + (k == 1 ? 1 : -1)) % s->n;
    if (k == 3) known = nearest(s, to);
    *error = error_of(s, PARTS, &(fit){1, to});
    if (known && explains(as_is, *error)) return names[k];
  }
  return NULL;
}

/* ---- the findings ---- */

/* one part by itself: its sign, its unit, and whether it has anything to do with the motion */
static void judge_part(const trace* m, const samples* s, int part, data_findings* out) {
  double rms = 0, speed = 0;
  const double factor = factor_of(s, part, &rms, &speed), as_is = error_of(s, part, &(fit){1, NULL});
  if (!(rms > STANDS) || as_is <= NOT_FOLLOWED) return;
  const char* name = m->data->condition_name[s->column[part]];
  const double other = error_of(s, part, &(fit){factor, NULL}), r = correlation_of(s, part);
  const bool explained = explains(as_is, other), unit = factor > POORLY || factor < 1 / POORLY;
  if (speed < STANDS) {
    data_finding* one = data_findings_add(out, DATA_CHECK_CONDITIONS, name, speed, NAN, part_unit[part]);
    data_finding_judge(one, CHECK_WARN,
                       "the %s of the base is %.2g %s (RMS) where the command is %.2g: it is not "
                       "followed",
                       part_name[part], speed, part_unit[part], rms);
  } else if (explained && (factor < 0 || unit)) {
    data_finding* one = data_findings_add(out, DATA_CHECK_CONDITIONS, name, factor, NAN, "motion / command");
    data_finding_judge(one, CHECK_WRONG,
                       "the %s of the base is %.3g times the command: it is %s; with this factor the error is %.2g, "
                       "without it %.2g",
                       part_name[part], factor, factor < 0 ? "of the opposite sign" : "in another unit", other, as_is);
  } else if (s->n >= LEAST_UNRELATED && fabs(r) < UNRELATED) {
    data_finding* one = data_findings_add(out, DATA_CHECK_CONDITIONS, name, r, NAN, "correlation");
    data_finding_judge(one, CHECK_WARN, "the %s of the base has little to do with the command (correlation %.2g)",
                       part_name[part], r);
  }
}

static void judge(const trace* m, const samples* s, int* to, data_findings* out) {
  const double as_is = error_of(s, PARTS, &(fit){1, NULL});
  double error = 0;
  const char* order = as_is > NOT_FOLLOWED && !m->data->condition_per_frame ? order_of(s, as_is, to, &error) : NULL;
  data_finding* one = data_findings_add(out, DATA_CHECK_CONDITIONS, NULL, as_is, NAN, "relative error");
  if (order)
    data_finding_judge(
        one, CHECK_WRONG,
        "the commands are %s: against the mean velocities of the base in its heading frame, their error is "
        "%.2g in that order and %.2g as recorded",
        order, error, as_is);
  for (int p = 0; p < PARTS && !order; p++) {
    if (s->column[p] >= 0) judge_part(m, s, p, out);
  }
}

df_status check_conditions(const trace* m, data_findings* out) {
  samples s = {.n = 0};
  bool any = false;
  for (int p = 0; p < PARTS; p++) s.column[p] = -1;
  for (int c = 0; c < m->data->nc; c++) {
    const int part = part_of(m->data->condition_name[c]);
    if (part == PARTS || s.column[part] >= 0) continue;
    s.column[part] = c;
    any = true;
  }
  s.base = df_robot_base(m->system, trace_objects(m)).position;
  if (!any || s.base < 0) return DF_OK;
  s.n = list_samples(m, &s);
  if (s.n < LEAST) return DF_OK;
  s.command = df_alloc((size_t)s.n * PARTS, sizeof *s.command);
  s.velocity = df_alloc((size_t)s.n * PARTS, sizeof *s.velocity);
  int* to = df_alloc((size_t)s.n, sizeof *to);
  if (s.command && s.velocity && to) {
    list_samples(m, &s);
    judge(m, &s, to, out);
  }
  const df_status status = s.command && s.velocity && to ? DF_OK : DF_E_NOMEM;
  df_free(s.command);
  df_free(s.velocity);
  df_free(to);
  return status;
}
