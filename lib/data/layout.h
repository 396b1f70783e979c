/* layout.h: what the columns of a recording are: the blocks of data.columns, resolved for a model. Private. */
#ifndef LIB_DATA_LAYOUT_H
#define LIB_DATA_LAYOUT_H

#include "dynaflow/config/config.h"
#include "hinge_turn.h"
#include "model_joints.h"

/* the joints of a recording, in its order */
typedef struct joint_order {
  int n;
  int* joint;            /* [n] index in model_joints, -1: recorded, but not in the model */
  const char** recorded; /* [n] name in the recording; owned by config or system */
} joint_order;

typedef enum column_role {
  COLUMN_SKIP,
  COLUMN_STATE,  /* at: index in x */
  COLUMN_HEIGHT, /* at: index in x of the height, in the frames of the model */
  COLUMN_COS,    /* at: index in x of the angle; its cosine comes before its sine */
  COLUMN_SIN,
  COLUMN_EULER,  /* at: 0 .. 2 */
  COLUMN_ROTVEC, /* at: 0 .. 2 */
  COLUMN_TURN,   /* at: 4 k .. 4 k + 3, of the quaternion of df_layout.turn[k] */
  COLUMN_TIME,
  COLUMN_DURATION
} column_role;

typedef struct layout_column {
  column_role role;
  int at;
  int block;     /* index of its block */
  char name[80]; /* "root_pos.0", "joints.FR_hip_joint" */
} layout_column;

/* whether a column gives the coordinate x[column->at], with another column or by itself */
bool layout_is_coordinate(const layout_column* column);
/* whether a column is part of an orientation that is no quaternion of the state */
bool layout_is_orientation(const layout_column* column);

typedef struct layout_block {
  const char* text;        /* as in data.columns */
  const char* array;       /* what follows '@'; NULL: the array of states */
  int first, width;        /* its columns */
  const joint_order* star; /* the joints whose recorded names stand for '*' in `array`; NULL: it takes no '*' */
} layout_block;

typedef struct df_layout {
  df_items items; /* data.columns; the blocks point into it */
  model_joints model;
  joint_order joints, velocity_joints;
  int blocks, columns;
  layout_block block[DF_ITEMS_MAX];
  layout_column* column; /* [columns] */
  int turns;             /* bodies whose orientation gives three hinges */
  hinge_turn* turn;      /* [turns] */
  bool* given;           /* [nx] coordinates that the columns give, all of a quaternion for Euler angles */
} df_layout;

/* Whether the columns of a block follow those of the block before it, in the same array of its own. */
bool layout_continues(const df_layout* layout, int block);

/* Reads data.columns, joints, velocity_joints and legs. `config` and `system` must outlive the layout, which the caller
 * frees with layout_free(). DF_E_CONFIG names key and item and says what is known; DF_E_NOMEM. On failure *out is NULL.
 */
DF_MUST_CHECK df_status layout_new(const df_config* config, const df_system* system, df_layout** out);
void layout_free(df_layout* layout); /* NULL is allowed */

#endif
