/* named_table.h: a table whose columns are named as the joints of the model and as the position, orientation and
 * velocities of its base: base_pos_x, x, qw, root_quat_x, vx, base_ang_vel_z. */
#ifndef BENCH_IMPORT_NAMED_TABLE_H
#define BENCH_IMPORT_NAMED_TABLE_H

#include "recognition.h"

/* Whether the table names every hinge and slide of the model and, with a free base, its position and orientation. */
bool named_table_fits(const recognition* r);

/* Puts data.columns by the names, in whatever order the columns are, data.quaternion, and the units that the names
 * state. Errors: DF_E_CONFIG for two columns of the same name in other spellings whose numbers differ, and for columns
 * in different units of one kind; the message names both. */
DF_MUST_CHECK df_status named_table_settle(recognition* r);

/* Whether the table of a free base names most joints, but not all: what its columns are is not told by their number. */
bool named_table_is_partial(const recognition* r);

/* Appends what a table lacks that names some of it: "; by their names the columns lack ..."; nothing if it names
 * nothing. */
void named_table_lacks(const recognition* r, text* out);

#endif
