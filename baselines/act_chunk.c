/* act_chunk.c: action chunks with temporal ensembling, in closed loop: ACT (Zhao et al. 2023) without its variational
 * encoder, so a regression. */
#include "methods.h"
#include "policy_method.h"

POLICY_METHOD(act_chunk, DF_POLICY_ACT_CHUNK, 0,
              "action chunks by regression with temporal ensembling (ACT without its VAE), in closed loop",
              "act_chunk");
