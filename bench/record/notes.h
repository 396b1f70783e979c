/* notes.h: notes of a cell: facts about a finished result that do not change its status but that its reader must know.
 * They are strings in the field "notes" of a record. */
#ifndef BENCH_RECORD_NOTES_H
#define BENCH_RECORD_NOTES_H

#include <jansson.h>

/* Appends notes on a loss curve to the array `notes`. The curve, losses [n] in the order of the steps, is cut into five
 * parts of equal length (n parts if n < 5), each described by the median of its finite losses, so that single spikes do
 * not matter.
 *
 * "The loss ends above its start" if the median of the last part is above that of the first by more than 10 % /
 * sqrt(m), where m is the number of losses of a part, because the median of few losses is noisy (1.6 % for the usual
 * 200 points); or if it is more than 10 % above the first loss, because a training may get worse within its first part.
 *
 * "The loss rises" if the median of the last part is more than 20 % above the lowest median of a part.
 *
 * A curve of fewer than two points, or without finite losses in its first or last part, gets no note. */
void note_loss(json_t* notes, const char* network, int n, const double* loss);

/* Appends a note if more than 1 % of the steps of a training were skipped, because their gradient was not finite. */
void note_skipped(json_t* notes, const char* network, long steps, long skipped);

/* Both for every curve of the field "training" of a record, without the losses of a horizon curriculum (whole_from);
 * NULL is allowed. */
void note_training(json_t* notes, const json_t* training);

/* Appends a note for each row of `metric` whose value is above `floor`, the value of random_action on the same windows,
 * by a difference that the four digits of the note show. Nothing if the floor is NaN. */
void note_floor(json_t* notes, const json_t* rows, const char* metric, double floor);

/* Appends a note for each row of `metric` of replay_demo above 0.01: the recorded actions do not lead to the recorded
 * states as training simulates them. */
void note_replayed(json_t* notes, const json_t* rows, const char* metric);

/* Prints the notes from number `first` (from 0) on standard error, one line each: "dynaflow: warning: <name>: <note>".
 * NULL is allowed. */
void notes_print(const json_t* notes, size_t first, const char* name);

#endif
