/* model_keys.h: the names of the texts in a recording that say with which model it was made. Private. */
#ifndef LIB_DATA_MODEL_KEYS_H
#define LIB_DATA_MODEL_KEYS_H

enum { MODEL_LIST, MODEL_FILES, MODEL_COMPILED, MODEL_MUJOCO, MODEL_KEYS };

/* in the order of the members of df_model_identity */
extern const char* const model_keys[MODEL_KEYS];

#endif
