/* event_file.h: scalars for TensorBoard: files of frames (TensorFlow's TFRecord: length and message, each with a
 * CRC-32C) whose messages are protobuf (Event and Summary of TensorBoard). */
#ifndef BENCH_RECORD_EVENT_FILE_H
#define BENCH_RECORD_EVENT_FILE_H

#include "dynaflow/core/status.h"

typedef struct event_file event_file;

/* Makes <folder>/events.out.tfevents.<time>.<host>.<process>, and the folder if it is missing. If a training continues
 * after a step > 0, points beyond it in older files of the folder are void: TensorBoard no longer shows them. Errors of
 * df_dir_make(); DF_E_IO; DF_E_NOMEM. On failure *out is NULL. */
DF_MUST_CHECK df_status event_file_open(const char* folder, long step, event_file** out);
void event_file_close(event_file* file); /* NULL is allowed */

/* Appends a number with one write, in single precision. DF_E_IO. */
DF_MUST_CHECK df_status event_file_add(event_file* file, long step, const char* tag, double value);

#endif
