#include "layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body_block.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/words.h"
#include "dynaflow/sim/dynamics.h"

static bool is_single(const df_joint* joint) {
  return joint->kind == DF_JOINT_HINGE || joint->kind == DF_JOINT_SLIDE;
}

/* ---- the order of the joints ---- */

static df_status order_new(int capacity, joint_order* out) {
  out->joint = df_alloc((size_t)capacity, sizeof *out->joint);
  out->recorded = df_alloc((size_t)capacity, sizeof *out->recorded);
  return out->joint && out->recorded ? DF_OK : DF_E_NOMEM;
}

static void add_joint(joint_order* order, const model_joints* model, int j) {
  order->joint[order->n] = j;
  order->recorded[order->n++] = model->joint[j].name;
}

static int find_joint(const model_joints* model, const char* name, size_t n) {
  for (int j = 0; j < model->n; j++) {
    const char* own = model->joint[j].name;
    if (strlen(own) == n && memcmp(own, name, n) == 0) return j;
  }
  return -1;
}

static df_status fail_joint(const model_joints* model, const char* key, const char* item, const char* name, size_t n) {
  const char** names = df_alloc((size_t)model->n, sizeof *names);
  if (!names) return DF_E_NOMEM;
  char word[DF_NAME_MAX], known[512] = "";
  size_t used = 0;
  int singles = 0;
  snprintf(word, sizeof word, "%.*s", (int)n, name);
  for (int j = 0; j < model->n; j++) {
    if (!is_single(&model->joint[j])) continue;
    names[singles++] = model->joint[j].name;
    if (used < sizeof known) {
      used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", model->joint[j].name);
    }
  }
  const char* near = df_nearest_word(word, singles, names);
  const df_status status =
      df_fail(DF_E_CONFIG, "%s: '%s': the model has no hinge or slide joint '%s'%s%s%s; it has: %s", key, item, word,
              near ? " (did you mean " : "", near ? near : "", near ? "?)" : "", known);
  df_free(names);
  return status;
}

/* reads MODEL, MODEL=RECORDED or =RECORDED */
static df_status add_item(const model_joints* model, const char* key, const char* item, joint_order* order) {
  const size_t n = strcspn(item, "=");
  const int j = find_joint(model, item, n);
  if (n > 0 && (j < 0 || !is_single(&model->joint[j]))) return fail_joint(model, key, item, item, n);
  for (int k = 0; k < order->n && j >= 0; k++) {
    if (order->joint[k] == j) return df_fail(DF_E_CONFIG, "%s: joint '%.*s' is listed twice", key, (int)n, item);
  }
  order->joint[order->n] = n > 0 ? j : -1;
  order->recorded[order->n++] = item[n] == '=' ? item + n + 1 : item;
  return DF_OK;
}

static df_status read_names(const model_joints* model, const char* key, const df_names* names, joint_order* order) {
  DF_TRY(order_new(names->n, order));
  for (int i = 0; i < names->n; i++) DF_TRY(add_item(model, key, names->v[i], order));
  return DF_OK;
}

/* the joints of every leg, found by the prefix of their names */
static df_status read_legs(const model_joints* model, const df_names* legs, joint_order* order) {
  char text[80];
  DF_TRY(order_new(model->n, order));
  for (int i = 0; i < legs->n; i++) {
    const int before = order->n;
    for (int j = 0; j < model->n; j++) {
      if (!is_single(&model->joint[j]) || strncmp(model->joint[j].name, legs->v[i], strlen(legs->v[i])) != 0) continue;
      for (int k = 0; k < order->n; k++) {
        if (order->joint[k] != j) continue;
        return df_fail(DF_E_CONFIG, "data.legs: %s fits two prefixes, the second is '%s'", joint_text(model, j, text),
                       legs->v[i]);
      }
      add_joint(order, model, j);
    }
    if (order->n == before) {
      return df_fail(DF_E_CONFIG, "data.legs: no name of a hinge or slide joint begins with '%s'", legs->v[i]);
    }
  }
  for (int j = 0; j < model->n; j++) {
    bool found = !is_single(&model->joint[j]);
    for (int k = 0; k < order->n; k++) found = found || order->joint[k] == j;
    if (!found) {
      return df_fail(DF_E_CONFIG, "data.legs: %s is of none of the legs; list the joints in data.joints",
                     joint_text(model, j, text));
    }
  }
  return DF_OK;
}

static df_status read_all_joints(const model_joints* model, joint_order* order) {
  DF_TRY(order_new(model->n, order));
  for (int j = 0; j < model->n; j++) {
    if (is_single(&model->joint[j])) add_joint(order, model, j);
  }
  return DF_OK;
}

static df_status read_joints(const df_config* config, df_layout* layout) {
  const model_joints* model = &layout->model;
  const df_names *joints = &config->data_joints, *legs = &config->data_legs;
  if (joints->n > 0 && legs->n > 0) return df_fail(DF_E_CONFIG, "data.joints and data.legs exclude each other");
  for (int velocity = 0; velocity < 2; velocity++) {
    joint_order* order = velocity ? &layout->velocity_joints : &layout->joints;
    const df_names* own = velocity && config->data_velocity_joints.n > 0 ? &config->data_velocity_joints : joints;
    if (own->n > 0) {
      DF_TRY(read_names(model, own == joints ? "data.joints" : "data.velocity_joints", own, order));
    } else if (legs->n > 0) {
      DF_TRY(read_legs(model, legs, order));
    } else {
      DF_TRY(read_all_joints(model, order));
    }
  }
  return DF_OK;
}

/* ---- blocks ---- */

/* X(kind, needs the free joint of the base) */
#define BLOCKS(X)          \
  X(state, false)          \
  X(qpos, false)           \
  X(qvel, false)           \
  X(act, false)            \
  X(root_pos, true)        \
  X(root_z, true)          \
  X(root_quat, true)       \
  X(root_euler, true)      \
  X(root_rotvec, true)     \
  X(root_linvel, true)     \
  X(root_angvel, true)     \
  X(joints, false)         \
  X(joint_vel, false)      \
  X(joints_cos_sin, false) \
  X(ball_quats, false)     \
  X(ball_angvels, false)   \
  X(body_pos, false)       \
  X(body_quat, false)      \
  X(body_linvel, false)    \
  X(body_angvel, false)    \
  X(time, false)           \
  X(frame_duration, false) \
  X(skip, false)

typedef enum block_kind {
#define KIND(name, root) BLOCK_##name,
  BLOCKS(KIND)
#undef KIND
      BLOCK_KINDS
} block_kind;

static const char* const kind_names[] = {
#define NAME(name, root) #name,
    BLOCKS(NAME)
#undef NAME
};

static const bool kind_needs_root[] = {
#define ROOT(name, root) root,
    BLOCKS(ROOT)
#undef ROOT
};

static int count_balls(const model_joints* model) {
  int n = 0;
  for (int j = 0; j < model->n; j++) n += model->joint[j].kind == DF_JOINT_BALL;
  return n;
}

/* an item of data.columns, read */
typedef struct column_block {
  block_kind kind;
  int skipped;     /* columns, of skip:N */
  int joint;       /* of joints:NAME and joint_vel:NAME, -1: of all recorded joints */
  body_block body; /* of body_pos:NAME and the like */
} column_block;

/* the number of columns of a block */
static int width_of(const df_layout* layout, const column_block* b) {
  const model_joints* m = &layout->model;
  const int derived = m->length >= 0; /* the length is that of the recorded quaternion */
  if (b->joint >= 0) return 1;
  const int widths[BLOCK_KINDS] = {[BLOCK_state] = m->nx - derived,
                                   [BLOCK_qpos] = m->nq,
                                   [BLOCK_qvel] = m->nv,
                                   [BLOCK_act] = m->na - derived,
                                   [BLOCK_root_pos] = 3,
                                   [BLOCK_root_z] = 1,
                                   [BLOCK_root_quat] = 4,
                                   [BLOCK_root_euler] = 3,
                                   [BLOCK_root_rotvec] = 3,
                                   [BLOCK_root_linvel] = 3,
                                   [BLOCK_root_angvel] = 3,
                                   [BLOCK_joints] = layout->joints.n,
                                   [BLOCK_joint_vel] = layout->velocity_joints.n,
                                   [BLOCK_joints_cos_sin] = 2 * layout->joints.n,
                                   [BLOCK_ball_quats] = 4 * count_balls(m),
                                   [BLOCK_ball_angvels] = 3 * count_balls(m),
                                   [BLOCK_body_pos] = 3,
                                   [BLOCK_body_quat] = 4,
                                   [BLOCK_body_linvel] = 3,
                                   [BLOCK_body_angvel] = 3,
                                   [BLOCK_time] = 1,
                                   [BLOCK_frame_duration] = 1,
                                   [BLOCK_skip] = b->skipped};
  return widths[b->kind];
}

/* the c-th component of all ball joints, `per` to a joint, as an index in x */
static int ball_column(const model_joints* m, int c, int per) {
  int ball = c / per;
  for (int j = 0; j < m->n; j++) {
    if (m->joint[j].kind != DF_JOINT_BALL || ball-- > 0) continue;
    return per == 4 ? m->joint[j].qpos + c % per : m->nq + m->joint[j].dof + c % per;
  }
  return -1;
}

/* columns of recorded joint k, which the model need not have, or of the joint that the block names: its position in one
 * of the roles, and its velocity */
static layout_column joint_column(const df_layout* layout, const column_block* b, int k, column_role role) {
  const int j = b->joint >= 0 ? b->joint : layout->joints.joint[k];
  if (j < 0) return (layout_column){.role = COLUMN_SKIP, .at = -1};
  return (layout_column){.role = role, .at = layout->model.joint[j].qpos};
}
static layout_column joint_velocity_column(const df_layout* layout, const column_block* b, int k) {
  const int j = b->joint >= 0 ? b->joint : layout->velocity_joints.joint[k];
  if (j < 0) return (layout_column){.role = COLUMN_SKIP, .at = -1};
  return (layout_column){.role = COLUMN_STATE, .at = layout->model.nq + layout->model.joint[j].dof};
}

/* what column c of a block is */
static layout_column column_of(const df_layout* layout, const column_block* b, int c) {
  const model_joints* m = &layout->model;
  const int q = m->root >= 0 ? m->joint[m->root].qpos : 0, v = m->root >= 0 ? m->nq + m->joint[m->root].dof : 0;
  const int n = layout->joints.n;
  switch (b->kind) {
    case BLOCK_state:
    case BLOCK_qpos:
      return (layout_column){.role = COLUMN_STATE, .at = c};
    case BLOCK_qvel:
      return (layout_column){.role = COLUMN_STATE, .at = m->nq + c};
    case BLOCK_act:
      return (layout_column){.role = COLUMN_STATE, .at = m->nq + m->nv + c};
    case BLOCK_root_pos:
      return (layout_column){.role = COLUMN_STATE, .at = q + c};
    case BLOCK_root_z:
      return (layout_column){.role = COLUMN_HEIGHT, .at = q + 2};
    case BLOCK_root_quat:
      return (layout_column){.role = COLUMN_STATE, .at = q + 3 + c};
    case BLOCK_root_euler:
      return (layout_column){.role = COLUMN_EULER, .at = c};
    case BLOCK_root_rotvec:
      return (layout_column){.role = COLUMN_ROTVEC, .at = c};
    case BLOCK_root_linvel:
      return (layout_column){.role = COLUMN_STATE, .at = v + c};
    case BLOCK_root_angvel:
      return (layout_column){.role = COLUMN_STATE, .at = v + 3 + c};
    case BLOCK_joints:
      return joint_column(layout, b, c, COLUMN_STATE);
    case BLOCK_joint_vel:
      return joint_velocity_column(layout, b, c);
    case BLOCK_joints_cos_sin:
      return joint_column(layout, b, c % n, c < n ? COLUMN_COS : COLUMN_SIN);
    case BLOCK_ball_quats:
      return (layout_column){.role = COLUMN_STATE, .at = ball_column(m, c, 4)};
    case BLOCK_ball_angvels:
      return (layout_column){.role = COLUMN_STATE, .at = ball_column(m, c, 3)};
    case BLOCK_body_quat:
      if (b->body.at < 0) return (layout_column){.role = COLUMN_TURN, .at = 4 * layout->turns + c};
      return (layout_column){.role = COLUMN_STATE, .at = b->body.at + c};
    case BLOCK_body_pos:
    case BLOCK_body_linvel:
    case BLOCK_body_angvel:
      return (layout_column){.role = COLUMN_STATE, .at = b->body.at + c};
    case BLOCK_time:
      return (layout_column){.role = COLUMN_TIME, .at = -1};
    case BLOCK_frame_duration:
      return (layout_column){.role = COLUMN_DURATION, .at = -1};
    default:
      return (layout_column){.role = COLUMN_SKIP, .at = -1};
  }
}

static bool is_velocity_block(block_kind kind) {
  return kind == BLOCK_joint_vel;
}

static bool is_body_block(block_kind kind) {
  return kind == BLOCK_body_pos || kind == BLOCK_body_quat || kind == BLOCK_body_linvel || kind == BLOCK_body_angvel;
}

/* whether the columns are those of the recorded joints, one after the other */
static bool is_joint_block(const column_block* b) {
  return b->joint < 0 && (b->kind == BLOCK_joints || b->kind == BLOCK_joint_vel || b->kind == BLOCK_joints_cos_sin);
}

/* what follows the colon of a body block, up to '@' */
static int name_after_colon(const char* item, const char** name) {
  *name = strchr(item, ':') + 1;
  return (int)strcspn(*name, "@");
}

static void name_column(const df_layout* layout, const column_block* b, const char* item, int c, char name[80]) {
  const block_kind kind = b->kind;
  const joint_order* order = is_velocity_block(kind) ? &layout->velocity_joints : &layout->joints;
  const int n = order->n > 0 ? order->n : 1;
  const char* body;
  if (b->joint >= 0) {
    snprintf(name, 80, "%s.%.48s", kind_names[kind], layout->model.joint[b->joint].name);
  } else if (is_body_block(kind)) {
    const int length = name_after_colon(item, &body);
    snprintf(name, 80, "%s.%.*s.%d", kind_names[kind], length < 48 ? length : 48, body, c);
  } else if (kind == BLOCK_joints_cos_sin) {
    snprintf(name, 80, "joints_%s.%.48s", c < n ? "cos" : "sin", order->recorded[c % n]);
  } else if (is_joint_block(b)) {
    snprintf(name, 80, "%s.%.48s", kind_names[kind], order->recorded[c]);
  } else {
    snprintf(name, 80, "%s.%d", kind_names[kind], c);
  }
}

/* ---- reading data.columns ---- */

static df_status fail_kind(const char* item, const char* word) {
  char known[512] = "";
  size_t used = 0;
  for (int k = 0; k < BLOCK_KINDS; k++) {
    used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", k ? ", " : "", kind_names[k]);
  }
  const char* near = df_nearest_word(word, BLOCK_KINDS, kind_names);
  return df_fail(DF_E_CONFIG, "data.columns: '%s': unknown block '%s'%s%s%s; known blocks: %s, each also as KIND@ARRAY",
                 item, word, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "", known);
}

static df_status read_skip(const char* item, const char* number, column_block* out) {
  char* rest = NULL;
  const long n = strtol(number, &rest, 10);
  if (n < 1 || n > 100000 || *rest) {
    return df_fail(DF_E_CONFIG, "data.columns: '%s': skip needs a number of columns up to 100000, e.g. skip:3", item);
  }
  out->skipped = (int)n;
  return DF_OK;
}

static df_status read_body(const df_layout* layout, const char* item, const char* body, column_block* out) {
  const body_part part = out->kind == BLOCK_body_pos      ? BODY_POS
                         : out->kind == BLOCK_body_quat   ? BODY_QUAT
                         : out->kind == BLOCK_body_linvel ? BODY_LINVEL
                                                          : BODY_ANGVEL;
  if (!body[0]) {
    return df_fail(DF_E_CONFIG, "data.columns: '%s': needs the name of a body of the model, e.g. %s:box", item,
                   kind_names[out->kind]);
  }
  return body_block_find(&layout->model, item, body, part, &out->body);
}

static df_status read_joint(const df_layout* layout, const char* item, const char* name, column_block* out) {
  out->joint = find_joint(&layout->model, name, strlen(name));
  if (out->joint >= 0 && is_single(&layout->model.joint[out->joint])) return DF_OK;
  return fail_joint(&layout->model, "data.columns", item, name, strlen(name));
}

/* reads KIND, KIND:N or KIND:NAME, which ends at `end` */
static df_status read_block(const df_layout* layout, const char* item, const char* end, column_block* out) {
  char word[DF_ITEM_MAX];
  snprintf(word, sizeof word, "%.*s", (int)(end - item), item);
  char* colon = strchr(word, ':');
  if (colon) *colon = '\0';
  int k = 0;
  while (k < BLOCK_KINDS && strcmp(word, kind_names[k]) != 0) k++;
  if (k == BLOCK_KINDS) return fail_kind(item, word);
  *out = (column_block){.kind = (block_kind)k, .joint = -1};
  const char* after = colon ? colon + 1 : "";
  if (out->kind == BLOCK_skip) return read_skip(item, after, out);
  if (is_body_block(out->kind)) return read_body(layout, item, after, out);
  if (!colon) return DF_OK;
  if (out->kind == BLOCK_joints || out->kind == BLOCK_joint_vel) return read_joint(layout, item, after, out);
  return df_fail(DF_E_CONFIG,
                 "data.columns: '%s': only skip:N, joints:JOINT, joint_vel:JOINT and the blocks of bodies, such as "
                 "body_pos:BODY, take something after ':'",
                 item);
}

static df_status check_kind(const df_layout* layout, const char* item, block_kind kind, int width) {
  if (kind_needs_root[kind] && layout->model.root < 0) {
    return df_fail(DF_E_CONFIG,
                   "data.columns: '%s': the model has no free joint; describe the slides and hinges of its root by "
                   "joints and joint_vel, in the order of data.joints",
                   item);
  }
  if (width == 0) return df_fail(DF_E_CONFIG, "data.columns: '%s': the model has no such coordinates", item);
  return DF_OK;
}

static df_status add_turn(df_layout* layout, const hinge_turn* turn) {
  hinge_turn* turns = df_alloc((size_t)layout->turns + 1, sizeof *turns);
  if (!turns) return DF_E_NOMEM;
  if (layout->turns > 0) memcpy(turns, layout->turn, (size_t)layout->turns * sizeof *turns);
  turns[layout->turns++] = *turn;
  df_free(layout->turn);
  layout->turn = turns;
  return DF_OK;
}

static df_status add_block(df_layout* layout, const char* item) {
  const char* at = strchr(item, '@');
  column_block b;
  DF_TRY(read_block(layout, item, at ? at : item + strlen(item), &b));
  const int width = width_of(layout, &b);
  DF_TRY(check_kind(layout, item, b.kind, width));
  if (at && !at[1]) return df_fail(DF_E_CONFIG, "data.columns: '%s': the name of an array is missing after '@'", item);
  layout_column* columns = df_alloc((size_t)(layout->columns + width), sizeof *columns);
  if (!columns) return DF_E_NOMEM;
  if (layout->columns > 0) memcpy(columns, layout->column, (size_t)layout->columns * sizeof *columns);
  for (int c = 0; c < width; c++) {
    layout_column* column = &columns[layout->columns + c];
    *column = column_of(layout, &b, c);
    column->block = layout->blocks;
    name_column(layout, &b, item, c, column->name);
  }
  df_free(layout->column);
  layout->column = columns;
  layout->block[layout->blocks++] = (layout_block){.text = item,
                                                   .array = at ? at + 1 : NULL,
                                                   .first = layout->columns,
                                                   .width = width,
                                                   .star = !is_joint_block(&b)         ? NULL
                                                           : is_velocity_block(b.kind) ? &layout->velocity_joints
                                                                                       : &layout->joints};
  layout->columns += width;
  if (b.kind == BLOCK_body_quat && b.body.at < 0) DF_TRY(add_turn(layout, &b.body.turn));
  return DF_OK;
}

bool layout_continues(const df_layout* layout, int block) {
  const char *array = layout->block[block].array, *before = block > 0 ? layout->block[block - 1].array : NULL;
  return array && before && strcmp(array, before) == 0 && !strchr(array, '*');
}

static df_status give(df_layout* layout, int i, const layout_column* column) {
  char text[120];
  if (layout->given[i]) {
    return df_fail(DF_E_CONFIG, "data.columns: '%s' gives %s, which a block before it gives, too; use skip:N",
                   layout->block[column->block].text, coordinate_text(&layout->model, i, text));
  }
  layout->given[i] = true;
  return DF_OK;
}

bool layout_is_coordinate(const layout_column* c) {
  return c->role == COLUMN_STATE || c->role == COLUMN_HEIGHT || c->role == COLUMN_COS;
}

bool layout_is_orientation(const layout_column* c) {
  return c->role == COLUMN_EULER || c->role == COLUMN_ROTVEC || c->role == COLUMN_TURN;
}

/* marks what the columns give; nothing may be given twice */
static df_status mark_given(df_layout* layout) {
  layout->given = df_alloc((size_t)layout->model.nx, sizeof *layout->given);
  if (!layout->given) return DF_E_NOMEM;
  const int quaternion = layout->model.root >= 0 ? layout->model.joint[layout->model.root].qpos + 3 : 0;
  for (int i = 0; i < layout->columns; i++) {
    const layout_column* c = &layout->column[i];
    const bool angles = (c->role == COLUMN_EULER || c->role == COLUMN_ROTVEC) && c->at == 0;
    if (layout_is_coordinate(c)) DF_TRY(give(layout, c->at, c));
    const bool turns = c->role == COLUMN_TURN && c->at % 4 == 0;
    for (int k = 0; k < 4 && angles; k++) DF_TRY(give(layout, quaternion + k, c));
    for (int k = 0; k < 3 && turns; k++) DF_TRY(give(layout, layout->turn[c->at / 4].qpos[k], c));
  }
  if (layout->model.length >= 0) layout->given[layout->model.length] = layout->given[quaternion];
  return DF_OK;
}

static df_status build(const df_config* config, const df_system* system, df_layout* layout) {
  layout->items = config->data_columns;
  layout->model = model_joints_of(system, &config->chart_objects);
  DF_TRY(read_joints(config, layout));
  if (layout->items.n == 0) return df_fail(DF_E_CONFIG, "data.columns is empty");
  for (int i = 0; i < layout->items.n; i++) DF_TRY(add_block(layout, layout->items.v[i]));
  return mark_given(layout);
}

df_status layout_new(const df_config* config, const df_system* system, df_layout** out) {
  DF_REQUIRE_OUT(out);
  df_layout* layout = df_alloc(1, sizeof *layout);
  if (!layout) return DF_E_NOMEM;
  const df_status status = build(config, system, layout);
  if (status != DF_OK) {
    layout_free(layout);
    return status;
  }
  *out = layout;
  return DF_OK;
}

void layout_free(df_layout* layout) {
  if (!layout) return;
  df_free(layout->joints.joint);
  df_free(layout->joints.recorded);
  df_free(layout->velocity_joints.joint);
  df_free(layout->velocity_joints.recorded);
  df_free(layout->column);
  df_free(layout->turn);
  df_free(layout->given);
  df_free(layout);
}
