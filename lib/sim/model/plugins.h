/* plugins.h: MuJoCo's own plugins (elasticity, actuators, sensors, signed distance fields), which are shared libraries
 * beside MuJoCo's. */
#ifndef LIB_SIM_MODEL_PLUGINS_H
#define LIB_SIM_MODEL_PLUGINS_H

/* Loads every library of the first of these folders that exists, once per process: mujoco_plugin/ beside MuJoCo's
 * library, bin/mujoco_plugin/ of a release archive, plugin/ of a wheel. A library that cannot be loaded is left out. */
void df_mujoco_load_plugins(void);

/* Where plugins were looked for, as a clause for the error of a model whose plugin is unknown. */
const char* df_mujoco_plugins_text(void);

#endif
