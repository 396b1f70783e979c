/* the precision in which the numbers of a recording are stored, judged before any conversion */
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "recording_internal.h"

enum { POSITIONS, VELOCITIES, ACTIVATIONS, KINDS, NO_KIND };

/* what a column holds of a state */
static int kind_of(const df_layout* layout, int column) {
  const layout_column* c = &layout->column[column];
  const int nq = layout->model.nq, nv = layout->model.nv;
  if (layout_is_orientation(c) || c->role == COLUMN_SIN) return POSITIONS;
  if (!layout_is_coordinate(c)) return NO_KIND;
  return c->at < nq ? POSITIONS : c->at < nq + nv ? VELOCITIES : ACTIVATIONS;
}

/* whether a column is part of an orientation, which may have been normalised after it was rounded */
static bool is_orientation(const df_layout* layout, int column) {
  const layout_column* c = &layout->column[column];
  if (layout_is_orientation(c)) return true;
  for (int j = 0; j < layout->model.n && c->role == COLUMN_STATE; j++) {
    const df_joint* joint = &layout->model.joint[j];
    const bool turns = joint->kind == DF_JOINT_FREE || joint->kind == DF_JOINT_BALL;
    const int at = joint->qpos + (joint->kind == DF_JOINT_FREE ? 3 : 0);
    if (turns && c->at >= at && c->at < at + 4) return true;
  }
  return false;
}

/* columns of one array and kind, whose numbers show one precision */
typedef struct column_group {
  const char* array;
  int kind;
  bool turns; /* its orientations, of a group without other columns */
} column_group;

static bool is_member(const df_recording* r, const column_group* g, int column) {
  return kind_of(r->layout, column) == g->kind && strcmp(r->column[column].array, g->array) == 0;
}

/* whether the numbers of the column are those that show the precision of its group */
static bool shows(const df_recording* r, const column_group* g, int column) {
  return is_member(r, g, column) && is_orientation(r->layout, column) == g->turns;
}

static column_group group_of(const df_recording* r, int column) {
  column_group g = {r->column[column].array, kind_of(r->layout, column), true};
  for (int i = 0; i < r->layout->columns; i++) {
    if (is_member(r, &g, i) && !is_orientation(r->layout, i)) g.turns = false;
  }
  return g;
}

/* numbers of a recording, one after the other */
typedef struct numbers {
  double* list;
  size_t n;
} numbers;

static df_status numbers_of_group(const df_recording* r, const column_group* g, numbers* out) {
  const int columns = r->layout->columns;
  size_t frames = 0, width = 0;
  for (int e = 0; e < r->episodes; e++) frames += (size_t)r->episode[e].frames;
  for (int i = 0; i < columns; i++) width += shows(r, g, i);
  *out = (numbers){.list = df_alloc(frames * width, sizeof *out->list)};
  if (!out->list) return DF_E_NOMEM;
  for (int i = 0; i < columns; i++) {
    for (int e = 0; e < r->episodes && shows(r, g, i); e++) {
      for (int t = 0; t < r->episode[e].frames; t++) out->list[out->n++] = df_recording_frame(r, e, t)[i];
    }
  }
  return DF_OK;
}

/* an action that is not finite is an error of the conversion */
static df_status numbers_of_actions(const df_recording* r, numbers* out) {
  size_t rows = 0;
  for (int e = 0; e < r->episodes; e++) rows += (size_t)r->episode[e].actions;
  *out = (numbers){.list = df_alloc(rows * (size_t)r->action_columns, sizeof *out->list)};
  if (!out->list) return DF_E_NOMEM;
  for (int e = 0; e < r->episodes; e++) {
    for (int i = 0; i < r->episode[e].actions * r->action_columns; i++) {
      const double value = r->episode[e].action[i];
      if (isfinite(value)) out->list[out->n++] = value;
    }
  }
  return DF_OK;
}

static bool holds_all(df_stored_precision p, const numbers* all) {
  for (size_t i = 0; i < all->n; i++) {
    if (!df_stored_precision_holds(p, all->list[i])) return false;
  }
  return true;
}

static df_stored_precision coarser(df_stored_precision a, df_stored_precision b) {
  return df_stored_precision_error(b, 1) > df_stored_precision_error(a, 1) ? b : a;
}

/* sets the precision of the columns of a group, and notes it as that of its kind if it is the first to show one */
static df_status find_precision(df_recording* r, const column_group* g, df_stored_precision shown[KINDS]) {
  numbers all;
  DF_TRY(numbers_of_group(r, g, &all));
  df_stored_precision p = df_stored_precision_of(all.list, all.n);
  for (int i = 0; i < r->layout->columns; i++) {
    if (is_member(r, g, i)) p = coarser(p, r->stated[i]);
  }
  df_free(all.list);
  if (shown[g->kind].kind == DF_STORED_FLOAT64) shown[g->kind] = p;
  for (int i = 0; i < r->layout->columns; i++) {
    if (is_member(r, g, i)) r->precision[i] = p;
  }
  return DF_OK;
}

/* Actions are rounded as the states are if that precision holds them all. Coarser actions are taken as exact: a
 * controller may have output rounded actions, unless the file states that it has rounded them. */
static df_status find_precision_of_actions(df_recording* r, df_stored_precision states) {
  numbers all;
  DF_TRY(numbers_of_actions(r, &all));
  r->action_shown = df_stored_precision_of(all.list, all.n);
  r->action_precision = holds_all(states, &all) ? states : r->action_stated;
  df_free(all.list);
  return DF_OK;
}

df_status recording_find_precisions(df_recording* r) {
  df_stored_precision shown[KINDS] = {{DF_STORED_FLOAT64, 0}};
  r->precision = df_alloc((size_t)r->layout->columns, sizeof *r->precision);
  if (!r->precision) return DF_E_NOMEM;
  for (int i = 0; i < r->layout->columns; i++) {
    const column_group g = group_of(r, i);
    bool first = g.kind != NO_KIND;
    for (int k = 0; k < i && first; k++) first = !is_member(r, &g, k);
    if (first) DF_TRY(find_precision(r, &g, shown));
  }
  const bool moves = shown[VELOCITIES].kind != DF_STORED_FLOAT64;
  return find_precision_of_actions(r, shown[moves ? VELOCITIES : POSITIONS]);
}
