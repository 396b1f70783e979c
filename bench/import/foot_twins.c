#include "foot_twins.h"

#include <math.h>

#include "dynaflow/core/alloc.h"
#include "twin_geoms.h"

/* the most frames in which twins are looked for, spread over the recording */
enum { FRAMES_MOST = 50000 };
/* Of the height by which its twins lift: a foot that comes down by more than nine tenths of it is put down, a little
 * above the floor, as by retargeting; one that is held up is not. */
static const double LEAST = 0.1;

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
      if (!feet[b].is_foot || !twin_geoms(s->m->system, s->sim, s->position, a, b)) continue;
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
