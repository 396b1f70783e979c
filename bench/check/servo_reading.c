#include "servo_reading.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "joint_order.h"
#include "joints.h"
#include "reachable.h"

/* joints of which all pairs are tried; episodes that are looked at one by one */
enum { JOINTS = 10, EPISODES = 60 };

/* what is tried: the states in another reading */
typedef struct trial {
  const trace* m;
  df_dataset view; /* of `states` */
  double* states;  /* [frames][nx] owned */
  int* order;      /* [joints] owned */
  size_t numbers;  /* of states */
} trial;

static bool is_arm(const trace* m) {
  bool arm = m->system->nu > 0 && m->njoint <= JOINTS;
  for (int j = 0; j < m->njoint; j++) arm &= joint_dofs(m->joints[j].kind) == 1 && df_mujoco_is_driven(m->system, j);
  return arm;
}

/* Marks the episodes that are not reached, or, with `only`, sees whether all of these are; stops at the first one that
 * is not. */
static df_status see(const trace* m, const bool* only, bool* missed, bool* all) {
  *all = true;
  for (size_t k = 0, end = 0; k < m->n; k = end) {
    end = trace_episode_end(m, k);
    reach_verdict verdict;
    const int e = m->episode[k];
    if (only && !only[e]) continue;
    const trace part = trace_part(m, k, end);
    DF_TRY(states_are_reachable(&part, &verdict));
    if (verdict == REACHES) continue;
    *all = false;
    if (only) return DF_OK;
    missed[e] = true;
  }
  return DF_OK;
}

/* the velocities of frame t become those of frame t + late */
static void shift_velocities(const trial* t, int late) {
  const df_dataset* d = t->m->data;
  for (int e = 0; e < d->episodes; e++) {
    for (int i = 0; i <= d->lengths[e]; i++) {
      const int from = i + late < 0 ? 0 : i + late > d->lengths[e] ? d->lengths[e] : i + late;
      const size_t at = (d->first[e] + (size_t)i) * (size_t)d->nx + (size_t)t->m->nq;
      memcpy(t->states + at, df_dataset_state(d, e, from) + t->m->nq, (size_t)t->m->nv * sizeof *t->states);
    }
  }
}

/* whether the episodes of `of` are reached as the view has them, which is as recorded at the end */
static df_status try_view(trial* t, const bool* of, bool* reached) {
  trace other;
  df_status status = trace_of(&t->view, t->m->system, t->m->h, t->m->n + 1, &other);
  if (status == DF_OK) status = see(&other, of, NULL, reached);
  trace_clear(&other);
  memcpy(t->states, t->m->data->states, t->numbers * sizeof *t->states);
  return status;
}

/* takes over a reading; a second one makes it not found */
static void take(trial* t, bool exchanged, int late, int* n, servo_reading* out) {
  if ((*n)++ > 0) return;
  out->late = late;
  if (exchanged) {
    out->order = t->order;
    t->order = NULL;
  }
}

static df_status try_all(trial* t, servo_reading* out, int* n) {
  const df_joint* joints = t->m->joints;
  const int count = t->m->njoint;
  bool reached;
  for (int a = 0; a < count && *n < 2; a++) {
    for (int b = a + 1; b < count && *n < 2; b++) {
      if (joints[a].kind != joints[b].kind) continue;
      if (!t->order) t->order = df_alloc((size_t)count, sizeof *t->order);
      if (!t->order) return DF_E_NOMEM;
      for (int j = 0; j < count; j++) t->order[j] = j == a ? b : j == b ? a : j;
      joint_order_apply(t->m->system, t->order, &t->view);
      DF_TRY(try_view(t, out->of, &reached));
      if (reached) take(t, true, 0, n, out);
    }
  }
  for (int late = -1; late <= 1 && *n < 2; late += 2) {
    shift_velocities(t, late);
    DF_TRY(try_view(t, out->of, &reached));
    if (reached) take(t, false, late, n, out);
  }
  return DF_OK;
}

static df_status search(const trace* m, servo_reading* out) {
  const df_dataset* d = m->data;
  trial t = {.m = m,
             .view = *d,
             .numbers = (d->first[d->episodes - 1] + (size_t)d->lengths[d->episodes - 1] + 1) * (size_t)d->nx};
  int n = 0;
  t.states = df_alloc(t.numbers, sizeof *t.states);
  if (!t.states) return DF_E_NOMEM;
  memcpy(t.states, d->states, t.numbers * sizeof *t.states);
  t.view.states = t.states;
  const df_status status = try_all(&t, out, &n);
  out->found = n == 1;
  df_free(t.states);
  df_free(t.order);
  return status;
}

df_status servo_reading_find(const trace* m, servo_reading* out) {
  const int episodes = m->data->episodes;
  bool all;
  *out = (servo_reading){0};
  if (m->n == 0 || episodes > EPISODES || !is_arm(m)) return DF_OK;
  out->of = df_alloc((size_t)episodes, sizeof *out->of);
  if (!out->of) return DF_E_NOMEM;
  DF_TRY(see(m, NULL, out->of, &all));
  for (int e = 0; e < episodes; e++) out->episodes += out->of[e];
  out->of_all = episodes;
  return all ? DF_OK : search(m, out);
}

void servo_reading_clear(servo_reading* r) {
  df_free(r->order);
  df_free(r->of);
  *r = (servo_reading){0};
}
