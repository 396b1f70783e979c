/* file_parts.h: the temporary files that are being written, which a signal that ends the program removes. Private. */
#ifndef LIB_CORE_FILE_PARTS_H
#define LIB_CORE_FILE_PARTS_H

enum { DF_PART_NAME = 512 };

/* Notes that `name` in the open folder is being made; returns its number for df_part_done(), -1 if as many threads
 * write at once as there are places. `name` shorter than DF_PART_NAME; the folder stays open until df_part_done(). */
int df_part_begin(int folder, const char* name);
void df_part_done(int part);

#endif
