#include "foot_twins.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "dynaflow/core/alloc.h"

/* frames in which twins are looked for, at most: a second or two of a model of a quadruped */
enum { FRAMES_MOST = 50000 };
/* of an offset or a range: limbs that are mirrored in a model file agree to the digits that its author wrote */
static const double SAME = 0.01;
/* Of the height by which its twins lift: a foot that comes down by more than nine tenths of it is put down, a little
 * above the floor, as by retargeting; one that is held up is not. */
static const double LEAST = 0.1;

/* ---- which geoms are twins ---- */

static bool is_near(double a, double b) {
  return a == b || fabs(a - b) <= SAME * fmax(fabs(a), fabs(b));
}

/* the next part of a name between separators; *n = its length, 0 at the end */
static const char* next_part(const char* at, size_t* n) {
  at += strspn(at, "_-./: ");
  *n = strcspn(at, "_-./: ");
  return at;
}

static bool is_side(const char* part, size_t n) {
  static const char* const sides[] = {"l",  "r",    "fl",    "fr",    "rl",   "rr",   "bl",   "br",   "hl",  "hr",
                                      "lf", "rf",   "lh",    "rh",    "lb",   "rb",   "lm",   "rm",   "ml",  "mr",
                                      "lr", "left", "right", "front", "back", "rear", "hind", "fore", "mid", "middle"};
  bool side = strspn(part, "0123456789") >= n; /* leg_1, leg_2 */
  for (size_t i = 0; i < sizeof sides / sizeof *sides && !side; i++)
    side = strlen(sides[i]) == n && strncasecmp(sides[i], part, n) == 0;
  return side;
}

/* the next part of a name that is no side */
static const char* next_word(const char* at, size_t* n) {
  at = next_part(at, n);
  while (*n && is_side(at, *n)) at = next_part(at + *n, n);
  return at;
}

/* whether two names are the same but for the side */
static bool are_named_alike(const char* a, const char* b) {
  size_t n, other;
  a = next_word(a, &n);
  b = next_word(b, &other);
  bool same = n > 0;
  while (same && (n || other)) {
    same = n == other && strncasecmp(a, b, n) == 0;
    a = next_word(a + n, &n);
    b = next_word(b + other, &other);
  }
  return same;
}

static bool has_same_range(const df_joint* a, const df_joint* b) {
  return (is_near(a->lo, b->lo) && is_near(a->hi, b->hi)) || (is_near(a->lo, -b->hi) && is_near(a->hi, -b->lo));
}

/* the first joint from j on that moves the body; the number of joints: none */
static int next_joint(const df_system* system, int joints, int body, int j) {
  for (; j < joints; j++) {
    int at = body;
    while (at > 0 && at != df_mujoco_joint_body(system, j)) at = df_mujoco_body_parent(system, at);
    if (at > 0) return j;
  }
  return joints;
}

/* whether two bodies hang on joints of the same kinds, and of the same ranges or names, of which some differ */
static bool hang_alike(const df_system* system, int one, int other) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  bool ranges = true, limited = false, names = true, differ = false;
  int i = next_joint(system, n, one, 0), k = next_joint(system, n, other, 0);
  while (i < n && k < n) {
    const df_joint *a = &joints[i], *b = &joints[k];
    if (a->kind != b->kind) return false;
    if (i != k) {
      differ = true;
      ranges &= has_same_range(a, b);
      limited |= isfinite(a->width);
      names &= are_named_alike(a->name, b->name);
    }
    i = next_joint(system, n, one, i + 1);
    k = next_joint(system, n, other, k + 1);
  }
  return i == n && k == n && differ && ((ranges && limited) || names);
}

/* the number of a geom among those of its body, and how many these are */
static void place_of(const df_system* system, int geom, int* number, int* count) {
  *number = *count = 0;
  for (int g = 0; g < df_mujoco_geom_count(system); g++) {
    if (df_mujoco_geom_body(system, g) != df_mujoco_geom_body(system, geom)) continue;
    *number += g < geom;
    ++*count;
  }
}

/* the distance of a geom from the origin of its body, which no pose changes */
static double offset_of(const df_system* system, const df_sim* sim, const double* position, int geom) {
  const double* origin = position + 3 * df_mujoco_geom_body(system, geom);
  double at[3];
  df_mujoco_geom_position(sim, geom, at);
  return sqrt((at[0] - origin[0]) * (at[0] - origin[0]) + (at[1] - origin[1]) * (at[1] - origin[1]) +
              (at[2] - origin[2]) * (at[2] - origin[2]));
}

/* of two geoms; `position` are the bodies' of the pose in `sim` */
static bool are_twins(const df_system* system, const df_sim* sim, const double* position, int a, int b) {
  int number[2], count[2];
  place_of(system, a, &number[0], &count[0]);
  place_of(system, b, &number[1], &count[1]);
  return number[0] == number[1] && count[0] == count[1] &&
         hang_alike(system, df_mujoco_geom_body(system, a), df_mujoco_geom_body(system, b)) &&
         is_near(offset_of(system, sim, position, a), offset_of(system, sim, position, b));
}

/* ---- what they do ---- */

typedef struct search {
  const model_study* m;
  df_sim* sim;
  int geoms;
  bool* twin;       /* [geoms][geoms] row: a candidate; column: the feet whose twin it is */
  bool* looked_at;  /* [geoms] candidates and their twins */
  uint8_t* touch;   /* [geoms] */
  long* touches;    /* [geoms] frames */
  double* lowest;   /* [geoms] height of its centre above the ground, m */
  double* highest;  /* [geoms] the same of frames in which it touches */
  double* top;      /* [geoms] the highest of all frames */
  double* position; /* [bodies][3] */
} search;

/* marks the twins of feet; false: there are none */
static bool find_candidates(search* s, const foot* feet, double* x) {
  bool any = false;
  df_mujoco_initial_state(s->m->system, x);
  df_mujoco_pose(s->sim, x);
  df_mujoco_body_positions(s->sim, s->position);
  for (int a = 0; a < s->geoms; a++) {
    s->lowest[a] = INFINITY;
    s->highest[a] = s->top[a] = -INFINITY;
    if (feet[a].is_foot || model_is_of_object(s->m, df_mujoco_geom_body(s->m->system, a))) continue;
    for (int b = 0; b < s->geoms; b++) {
      if (!feet[b].is_foot || !are_twins(s->m->system, s->sim, s->position, a, b)) continue;
      s->twin[a * s->geoms + b] = s->looked_at[a] = s->looked_at[b] = any = true;
    }
  }
  return any;
}

static void look(search* s, const double* x) {
  df_mujoco_pose(s->sim, x);
  df_mujoco_touching_world(s->sim, s->touch);
  for (int g = 0; g < s->geoms; g++) {
    if (!s->looked_at[g]) continue;
    double at[3];
    df_mujoco_geom_position(s->sim, g, at);
    const double below = df_mujoco_ground_below(s->sim, at), height = at[2] - (isfinite(below) ? below : 0);
    s->touches[g] += s->touch[g];
    s->lowest[g] = fmin(s->lowest[g], height);
    s->top[g] = fmax(s->top[g], height);
    if (s->touch[g]) s->highest[g] = fmax(s->highest[g], height);
  }
}

/* a candidate is a foot if it touches, or comes about as low as one of its twins is when that touches */
static void decide(const search* s, long frames, foot* feet) {
  for (int a = 0; a < s->geoms; a++) {
    const bool* twin = s->twin + a * s->geoms;
    double height = -INFINITY;
    if (!s->looked_at[a] || feet[a].is_foot) continue;
    for (int b = 0; b < s->geoms; b++) {
      if (twin[b]) height = fmax(height, s->highest[b] + LEAST * (s->top[b] - s->lowest[b]));
    }
    feet[a].frames = frames;
    feet[a].touches = (double)s->touches[a] / (double)frames;
    feet[a].is_added = s->touches[a] > 0 || s->lowest[a] <= height;
    feet[a].left_out = !feet[a].is_added;
  }
  for (int a = 0; a < s->geoms; a++) feet[a].is_foot |= feet[a].is_added;
}

static df_status search_new(const model_study* m, search* s) {
  const size_t n = (size_t)df_mujoco_geom_count(m->system);
  *s = (search){.m = m,
                .geoms = (int)n,
                .twin = df_alloc(n * n, sizeof *s->twin),
                .looked_at = df_alloc(n, sizeof *s->looked_at),
                .touch = df_alloc(n, sizeof *s->touch),
                .touches = df_alloc(n, sizeof *s->touches),
                .lowest = df_alloc(3 * n, sizeof *s->lowest),
                .position = df_alloc(3 * (size_t)df_mujoco_body_count(m->system), sizeof *s->position)};
  if (!s->twin || !s->looked_at || !s->touch || !s->touches || !s->lowest || !s->position) return DF_E_NOMEM;
  s->highest = s->lowest + n;
  s->top = s->highest + n;
  return df_sim_new(m->system, 0, &s->sim);
}

static void search_clear(search* s) {
  df_sim_free(s->m->system, s->sim);
  df_free(s->twin);
  df_free(s->looked_at);
  df_free(s->touch);
  df_free(s->touches);
  df_free(s->lowest);
  df_free(s->position);
}

df_status foot_twins_add(const model_study* m, const df_dataset* data, foot* feet) {
  const size_t rows = data->first[data->episodes], every = rows / FRAMES_MOST + 1;
  search s;
  long frames = 0;
  df_status status = search_new(m, &s);
  double* first = status == DF_OK ? df_alloc((size_t)data->nx, sizeof *first) : NULL;
  if (status == DF_OK && !first) status = DF_E_NOMEM;
  if (status == DF_OK && find_candidates(&s, feet, first)) {
    for (size_t row = 0; row < rows; row += every, frames++) look(&s, data->states + row * (size_t)data->nx);
    decide(&s, frames, feet);
  }
  df_free(first);
  search_clear(&s);
  return status;
}
