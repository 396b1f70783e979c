/* body_block.h: the coordinates of one body that a block such as body_quat:box gives. Private. */
#ifndef LIB_DATA_BODY_BLOCK_H
#define LIB_DATA_BODY_BLOCK_H

#include "hinge_turn.h"
#include "model_joints.h"

typedef enum body_part { BODY_POS, BODY_QUAT, BODY_LINVEL, BODY_ANGVEL } body_part;

typedef struct body_block {
  int at;          /* index in x of the first coordinate; -1: an orientation that gives the angles of `turn` */
  hinge_turn turn; /* of a body with three perpendicular hinges */
} body_block;

/* Finds what `part` of the body is: of a free joint all four parts; of a ball joint its orientation and angular
 * velocity; of three perpendicular hinges the orientation. DF_E_CONFIG, with `item` of data.columns, if the model has
 * no such body or its joints have no such part. */
DF_MUST_CHECK df_status body_block_find(const model_joints* model, const char* item, const char* body, body_part part,
                                        body_block* out);

#endif
