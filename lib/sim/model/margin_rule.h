/* margin_rule.h: the margins of a model under another rule than MuJoCo's. Private. */
#ifndef LIB_SIM_MODEL_MARGIN_RULE_H
#define LIB_SIM_MODEL_MARGIN_RULE_H

#include <mujoco/mujoco.h>
#include <stdbool.h>

/* Sets the margin of every geom and explicit pair to 0. Gaps stay: contacts within them have no force. */
void df_margins_remove(mjSpec* spec);

/* Adds an explicit contact pair for every two geoms of `spec` that MuJoCo's filter lets collide, with the margin that
 * MuJoCo before 3.5 gave them: max(margin1, margin2), and forces from the distance max(margin1, margin2) - max(gap1,
 * gap2) on. MuJoCo 3.9 and later compute forces from the margin itself on, and detect contacts from margin + gap on.
 * The margins of explicit pairs of the model are converted likewise. `m` is the compiled spec; compile the spec again
 * afterwards. Geoms without a name are named. Returns false, with a message in error [n], for a model with flexes,
 * whose contacts have no pairs. Called inside a guard. */
bool df_margins_of_largest(mjSpec* spec, const mjModel* m, char* error, size_t n);

#endif
