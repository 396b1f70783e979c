/* real.h: the number type of networks: float, or double when the same source is compiled for gradient checks
 * (DF_REAL_DOUBLE). Functions and structs with numbers of this type then belong to names of their own, so that a
 * program of one type does not link with a library of the other. The installed library is of type float. */
#ifndef DYNAFLOW_NN_REAL_H
#define DYNAFLOW_NN_REAL_H

#ifdef DF_REAL_DOUBLE
typedef double df_real;
#define df_net_new      df_net_new_double
#define df_net_work_new df_net_work_new_double
#define df_net_init     df_net_init_double
#define df_net_forward  df_net_forward_double
#define df_net_backward df_net_backward_double
#define df_adamw_new    df_adamw_new_double
#define df_adamw_update df_adamw_update_double
#define df_slices_sum   df_slices_sum_double
#define df_gemm         df_gemm_double
#define df_walk_observe df_walk_observe_double
#define df_expert_new   df_expert_new_double
#else
typedef float df_real;
#endif

#endif
